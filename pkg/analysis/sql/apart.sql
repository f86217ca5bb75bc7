-- Between which others and the accounts from `lo` to `hi` there is a block.
apart AS (
    SELECT account_id AS account, other_id AS other
    FROM blocked_pairs
    WHERE account_id >= {lo:UInt64} AND account_id <= {hi:UInt64}
    GROUP BY account_id, other_id, block
    HAVING bitAnd(max(state), 1) = 0
)

-- Takes the row's lock until the end of the transaction: writers of one table follow each other, so that their counts are true.
UPDATE feed_rule_versions SET version = version + 1 WHERE name = $1

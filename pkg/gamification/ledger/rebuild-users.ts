import type { Querier } from '#pkg/postgres/client.ts';
import type { LedgerRow } from '../model.ts';
import { type Rebuilt, rebuildState } from '../rules/rebuild-state.ts';
import { ledgerSql } from './sql.ts';
import { toLedgerRow, type TransactionRow } from './stored.ts';
import { addWeekly, writeAll, writeDays, writeStreaks, writeUnlocks } from './write.ts';

const WHOLE_LEDGER = ledgerSql('whole-ledger');
const CLEAR = ledgerSql('clear-derived');
const PLAYERS = ledgerSql('rebuild-players');

/** How much was read, and how many rows have a running total that the rows before them do not add up to. */
export interface RebuiltUsers {
  readonly rows: number;
  readonly wrongTotals: number;
}

/** Makes all that follows from the ledger of these users again. Their rows in `players` are there and locked. */
export async function rebuildUsers(tx: Querier, userIds: readonly string[]): Promise<RebuiltUsers> {
  const ledgers = new Map<string, LedgerRow[]>(userIds.map((userId) => [userId, []]));
  const { rows } = await tx.query<TransactionRow>(WHOLE_LEDGER, [userIds]);
  for (const row of rows) ledgers.get(row.user_id)?.push(toLedgerRow(row));
  const rebuilt = [...ledgers].map(([userId, ledger]) => ({ userId, ...rebuildState(ledger) }));
  await tx.query(CLEAR, [userIds]);
  await write(tx, rebuilt);
  return { rows: rows.length, wrongTotals: rebuilt.reduce((sum, { wrongTotals }) => sum + wrongTotals, 0) };
}

async function write(tx: Querier, rebuilt: readonly (Rebuilt & { readonly userId: string })[]): Promise<void> {
  const players = [
    rebuilt.map(({ userId }) => userId),
    rebuilt.map(({ state }) => state.xpTotal),
    rebuilt.map(({ state }) => state.analyses),
    rebuilt.map(({ state }) => state.referrals),
    rebuilt.map(({ state }) => [...state.lenses].toSorted().join(' ')),
  ];
  const weeks = rebuilt.flatMap(({ userId, weekly }) => [...weekly].map(([week, xp]) => ({ week, userId, xp })));
  const hasStreak = ({ state: { streak } }: Rebuilt) => streak.lastDay !== null || streak.freezesMonth !== null;
  const days = rebuilt.flatMap(({ userId, state }) =>
    [...(state.days ?? [])].map(([day, kind]) => ({ userId, day, kind })),
  );
  const unlocks = rebuilt.flatMap((one) => one.unlocks.map((unlock) => ({ userId: one.userId, unlock })));
  await writeAll(tx, [
    { text: PLAYERS, params: players },
    addWeekly(weeks),
    writeStreaks(rebuilt.filter(hasStreak).map(({ state }) => state)),
    writeDays(days),
    writeUnlocks(unlocks),
  ]);
}

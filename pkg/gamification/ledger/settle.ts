import type { BusEvent } from '#pkg/bus/events.ts';
import { insertEvents } from '#pkg/outbox/table.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { Day, DayKind, Deed, Effect, PlayerState } from '../model.ts';
import { keyText, ledgerKeysOf } from '../rules/ledger-ids.ts';
import { applyAll, RulesError } from './apply.ts';
import { eventsOf } from './events.ts';
import { type Absent, lockPlayers } from './players.ts';
import { ledgerSql } from './sql.ts';
import type { Settled } from './settled.ts';
import {
  addWeekly,
  type PlayerChange,
  weeklyOf,
  writeDays,
  writeLedger,
  writePlayers,
  writeStreaks,
  writeUnlocks,
} from './write.ts';

const KNOWN = ledgerSql('read-known');
const DAYS = ledgerSql('read-days');

/** What a transaction came to. */
export interface Settlement {
  /** One for each deed, in their order. */
  readonly settled: readonly Settled[];
  readonly effects: readonly (Effect | undefined)[];
  /** In the outbox, to be offered to a relay after the commit. */
  readonly events: readonly BusEvent[];
}

/** Settles deeds within a transaction. Who else settles for one of their users waits until it ends. */
export async function settleWithin(tx: Querier, deeds: readonly Deed[], nowMs: number): Promise<Settlement> {
  const players = await lockPlayers(tx, [...new Set(deeds.map(({ userId }) => userId))]);
  const before = await statesFor(tx, deeds, players);
  const effects = await effectsOf(tx, deeds, before);
  const events = computed(() => deeds.flatMap((deed, at) => (effects[at] ? eventsOf(deed, effects[at]) : [])));
  await write(tx, before, { deeds, effects, nowMs });
  await insertEvents(tx, events, nowMs);
  const settled = deeds.map(({ userId }, at): Settled => {
    const player = players.get(userId) ?? 'unknown user';
    if (typeof player === 'string') return player;
    return (effects[at]?.rows.length ?? 0) > 0 ? 'awarded' : 'known';
  });
  return { settled, effects, events };
}

/** The users who are here, each with those rows of the ledger that their deeds could write. */
async function statesFor(
  tx: Querier,
  deeds: readonly Deed[],
  players: ReadonlyMap<string, PlayerState | Absent>,
): Promise<Map<string, PlayerState>> {
  const states = new Map<string, PlayerState>();
  const asked: { userId: string; type: string; eventId: string }[] = [];
  for (const deed of deeds) {
    const player = players.get(deed.userId);
    if (player === undefined || typeof player === 'string') continue;
    states.set(deed.userId, player);
    for (const key of computed(() => ledgerKeysOf(deed))) asked.push({ userId: deed.userId, ...key });
  }
  if (asked.length === 0) return states;
  const known = new Map<string, Set<string>>();
  const { rows } = await tx.query<{ user_id: string; event_type: 'daily_streak'; event_id: string }>(KNOWN, [
    asked.map(({ userId }) => userId),
    asked.map(({ type }) => type),
    asked.map(({ eventId }) => eventId),
  ]);
  for (const { user_id: userId, event_type: type, event_id: eventId } of rows) {
    known.set(userId, (known.get(userId) ?? new Set()).add(keyText({ type, eventId })));
  }
  for (const [userId, state] of states) {
    const rowsOfUser = known.get(userId);
    if (rowsOfUser !== undefined) states.set(userId, { ...state, known: rowsOfUser });
  }
  return states;
}

/** Puts the days into `states` of those whom they decide about. */
async function effectsOf(
  tx: Querier,
  deeds: readonly Deed[],
  states: Map<string, PlayerState>,
): Promise<readonly (Effect | undefined)[]> {
  const first = applyAll(deeds, states);
  if (first.needDays.size === 0) return first.effects;
  const days = new Map([...first.needDays].map((userId) => [userId, new Map<Day, DayKind>()]));
  const { rows } = await tx.query<{ user_id: string; day: Day; kind: DayKind }>(DAYS, [[...first.needDays]]);
  for (const row of rows) days.get(row.user_id)?.set(row.day, row.kind);
  for (const [userId, ofUser] of days) {
    const state = states.get(userId);
    if (state !== undefined) states.set(userId, { ...state, days: ofUser });
  }
  return applyAll(deeds, states).effects;
}

interface Outcome {
  readonly deeds: readonly Deed[];
  readonly effects: readonly (Effect | undefined)[];
  readonly nowMs: number;
}

async function write(tx: Querier, before: ReadonlyMap<string, PlayerState>, outcome: Outcome): Promise<void> {
  const effects = outcome.effects.filter((effect) => effect !== undefined);
  const after = new Map(effects.map(({ state }) => [state.userId, state]));
  const rows = effects.flatMap((effect) => effect.rows);
  await writeLedger(tx, rows);
  await writePlayers(tx, changesOf(outcome, after));
  await addWeekly(tx, weeklyOf(rows));
  const streaks = [...after.values()].filter(({ userId, streak }) => !equal(streak, before.get(userId)?.streak));
  await writeStreaks(tx, streaks);
  await writeDays(
    tx,
    effects.flatMap(({ state, days }) => days.map((day) => ({ userId: state.userId, ...day }))),
  );
  await writeUnlocks(
    tx,
    effects.flatMap(({ state, unlocks }) => unlocks.map((unlock) => ({ userId: state.userId, unlock }))),
  );
}

/** Those with a new row in the ledger, and those whose figures were looked up. */
function changesOf({ deeds, effects, nowMs }: Outcome, after: ReadonlyMap<string, PlayerState>): PlayerChange[] {
  const changed = new Map<string, number | undefined>();
  for (const [at, deed] of deeds.entries()) {
    const asked = deed.kind === 'recheck' && (deed.networkSize ?? deed.trackedUsers) !== undefined;
    if (asked) changed.set(deed.userId, nowMs);
    else if ((effects[at]?.rows.length ?? 0) > 0) changed.set(deed.userId, changed.get(deed.userId));
  }
  return [...changed].flatMap(([userId, networkAtMs]) => {
    const state = after.get(userId);
    return state === undefined ? [] : [{ state, networkAtMs }];
  });
}

const equal = (one: PlayerState['streak'], other: PlayerState['streak'] | undefined): boolean =>
  other !== undefined &&
  one.current === other.current &&
  one.longest === other.longest &&
  one.lastDay === other.lastDay &&
  one.startDay === other.startDay &&
  one.freezesLeft === other.freezesLeft &&
  one.freezesMonth === other.freezesMonth;

/** Runs what asks no database, so that its failures are not taken for those of one. */
function computed<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new RulesError('the rules failed', { cause: error });
  }
}

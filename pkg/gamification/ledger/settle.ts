import type { BusEvent } from '#pkg/bus/events.ts';
import { insertion } from '#pkg/outbox/table.ts';
import type { Querier } from '#pkg/postgres/client.ts';
import type { Day, DayKind, Deed, Effect, PlayerState } from '../model.ts';
import { FIRST_ANALYSIS, keyText, type LedgerKey, ledgerKeysOf, readStreakKey } from '../rules/ledger-ids.ts';
import { applyAll, RulesError } from './apply.ts';
import { eventsOf } from './events.ts';
import { type Absent, lockPlayers } from './players.ts';
import { ledgerSql } from './sql.ts';
import type { Settled } from './settled.ts';
import {
  addWeekly,
  type PlayerChange,
  weeklyOf,
  writeAll,
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

/** Where and when it is settled. */
export interface Settling {
  readonly nowMs: number;
  /** Whether users without a row in `players` get one; else they are a MissingRowError. */
  readonly making: boolean;
}

/**
 * Settles deeds within a transaction. Who else settles for one of their users waits until it ends.
 * @throws MissingRowError, RulesError
 */
export async function settleWithin(
  tx: Querier,
  deeds: readonly Deed[],
  { nowMs, making }: Settling,
): Promise<Settlement> {
  const players = await lockPlayers(tx, [...new Set(deeds.map(({ userId }) => userId))], making);
  const before = await statesFor(tx, deeds, players);
  const effects = await effectsOf(tx, deeds, before);
  const events = computed(() => deeds.flatMap((deed, at) => (effects[at] ? eventsOf(deed, effects[at]) : [])));
  await write(tx, before, { deeds, effects, events, nowMs });
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
  const known = new Map<string, Set<string>>();
  const asked = new Map<string, LedgerKey & { readonly userId: string }>();
  for (const deed of deeds) {
    const { userId } = deed;
    const player = players.get(userId);
    if (player === undefined || typeof player === 'string') continue;
    states.set(userId, player);
    const ofUser = known.get(userId) ?? new Set();
    known.set(userId, ofUser);
    for (const key of computed(() => ledgerKeysOf(deed))) {
      const isThere = isInLedger(key, player);
      if (isThere === true) ofUser.add(keyText(key));
      if (isThere === undefined) asked.set(`${keyText(key)} ${userId}`, { userId, ...key });
    }
  }
  for (const key of await inLedger(tx, [...asked.values()])) known.get(key.userId)?.add(keyText(key));
  for (const [userId, state] of states) states.set(userId, { ...state, known: known.get(userId) ?? state.known });
  return states;
}

/** Whether there is such a row, where what is stored of the user says so; undefined: the ledger must be asked. */
function isInLedger(key: LedgerKey, { analyses, streak }: PlayerState): boolean | undefined {
  const isFirst = key.type === 'timeline_analyzed' && key.eventId === FIRST_ANALYSIS;
  if (isFirst) return analyses > 0;
  const fact = key.type === 'daily_streak' ? readStreakKey(key.eventId) : undefined;
  const isLater = fact?.fact === 'day' && (streak.lastDay === null || fact.day > streak.lastDay);
  return isLater ? false : undefined;
}

/** Those of the keys that are in the ledger. */
async function inLedger<K extends LedgerKey & { readonly userId: string }>(
  tx: Querier,
  keys: readonly K[],
): Promise<readonly K[]> {
  if (keys.length === 0) return [];
  const { rows } = await tx.query<{ places: string | null }>(KNOWN, [
    keys.map(({ userId }) => userId),
    keys.map(({ type }) => type),
    keys.map(({ eventId }) => eventId),
  ]);
  return (rows[0]?.places?.split(' ') ?? []).map((place) => {
    const key = keys[Number(place) - 1];
    if (key === undefined) throw new TypeError('the database answered what was not asked');
    return key;
  });
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
  readonly events: readonly BusEvent[];
  readonly nowMs: number;
}

async function write(tx: Querier, before: ReadonlyMap<string, PlayerState>, outcome: Outcome): Promise<void> {
  const effects = outcome.effects.filter((effect) => effect !== undefined);
  const after = new Map(effects.map(({ state }) => [state.userId, state]));
  const rows = effects.flatMap((effect) => effect.rows);
  const streaks = [...after.values()].filter(({ userId, streak }) => !equal(streak, before.get(userId)?.streak));
  const days = effects.flatMap((effect) => effect.days.map((day) => ({ userId: effect.state.userId, ...day })));
  const unlocks = effects.flatMap((effect) =>
    effect.unlocks.map((unlock) => ({ userId: effect.state.userId, unlock })),
  );
  await writeAll(tx, [
    writeLedger(rows),
    writePlayers(changesOf(outcome, after)),
    addWeekly(weeklyOf(rows)),
    writeStreaks(streaks),
    writeDays(days),
    writeUnlocks(unlocks),
    outcome.events.length === 0 ? undefined : insertion(outcome.events, outcome.nowMs),
  ]);
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
    throw new RulesError(error);
  }
}

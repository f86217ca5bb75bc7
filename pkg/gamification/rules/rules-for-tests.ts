import type { Lens } from '#pkg/contracts/lens.ts';
import type { Tier } from '#pkg/contracts/tiers.ts';
import type {
  AnalysisDeed,
  Change,
  Day,
  DayKind,
  Deed,
  GrantDeed,
  JudgeDeed,
  PlayerState,
  RecheckDeed,
  ReferralDeed,
} from '../model.ts';
import { freezesOf } from './amounts.ts';
import { applyDeed } from './apply-deed.ts';
import { endOfDay, startOfDay } from './days.ts';
import { needsDays } from './needs-days.ts';
import { newPlayer } from './new-player.ts';

// Deeds of one user, as short as tests want them.

export const userId = 'did:plc:player';
const cause = { userId, correlationId: 'correlation', causationId: 'causation' };

interface AnalysisOptions {
  readonly id?: string;
  readonly tier?: Tier;
  readonly lens?: Lens;
  readonly score?: number | null;
}

/** `at`: a day, then noon; or a time such as `2026-03-12T23:59:59.999Z`. */
export function analysis(at: string, options: AnalysisOptions = {}): AnalysisDeed {
  const atMs = at.length === 10 ? startOfDay(at) + 12 * 3_600_000 : Date.parse(at);
  const { id = `analysis-${at}`, tier = 'drift', lens = 'clout', score = null } = options;
  return { ...cause, kind: 'analysis', eventId: id, atMs, tier, lens, score };
}

export const judge = (day: Day, tier: Tier = 'drift'): JudgeDeed => ({
  ...cause,
  kind: 'judge',
  atMs: endOfDay(day),
  day,
  tier,
});

export const grant = (month: Day, tier: Tier = 'jet'): GrantDeed => ({
  ...cause,
  kind: 'grant',
  atMs: startOfDay(month),
  month,
  freezes: freezesOf(tier),
});

export const referral = (newUserId: string): ReferralDeed => ({
  ...cause,
  kind: 'referral',
  atMs: Date.parse('2026-03-12T12:00:00Z'),
  newUserId,
});

export const recheck = (figures: Pick<RecheckDeed, 'networkSize' | 'trackedUsers'> = {}): RecheckDeed => ({
  ...cause,
  kind: 'recheck',
  atMs: Date.parse('2026-03-12T12:05:00Z'),
  ...figures,
});

/** All that a row of deeds brought. */
export interface Played extends Omit<Change, 'levelUp' | 'broken'> {
  readonly state: PlayerState;
  readonly broken: readonly NonNullable<Change['broken']>[];
  readonly levels: readonly number[];
  /** How often all days had to be looked up. */
  readonly lookups: number;
}

/** Applies deeds as the ledger does: the days are kept elsewhere, and handed over only where a deed needs them. */
export function play(deeds: Iterable<Deed>, start: PlayerState = newPlayer(userId)): Played {
  let state: PlayerState = start;
  let lookups = 0;
  const stored = new Map<Day, DayKind>(start.days);
  const played = {
    rows: [] as Change['rows'][number][],
    days: [] as Change['days'][number][],
    unlocks: [] as Change['unlocks'][number][],
    broken: [] as NonNullable<Change['broken']>[],
    levels: [] as number[],
  };
  for (const deed of deeds) {
    const lookUp = needsDays(state, deed);
    if (lookUp) lookups += 1;
    const effect = applyDeed({ ...state, days: lookUp ? new Map(stored) : undefined }, deed);
    for (const { day, kind } of effect.days) stored.set(day, kind);
    played.rows.push(...effect.rows);
    played.days.push(...effect.days);
    played.unlocks.push(...effect.unlocks);
    if (effect.broken) played.broken.push(effect.broken);
    if (effect.levelUp !== undefined) played.levels.push(effect.levelUp);
    state = effect.state;
  }
  return { ...played, lookups, state: { ...state, days: stored } };
}

/** XP of the rows whose event id begins so. */
export const xpOf = (played: Pick<Played, 'rows'>, prefix: string): number =>
  played.rows.filter((row) => row.eventId.startsWith(prefix)).reduce((sum, row) => sum + row.xpDelta, 0);

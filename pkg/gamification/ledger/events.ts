import { type BusEvent, createEvent, derivedEventId, type EnvelopeFields, EVENTS } from '#pkg/bus/events.ts';
import type { Broken, Deed, Effect, LedgerRow, Unlock } from '../model.ts';
import { ACHIEVEMENTS } from '../rules/achievements/catalogue.ts';
import { levelOf } from '../rules/levels.ts';

const BY_SLUG = new Map(ACHIEVEMENTS.map((achievement) => [achievement.slug, achievement]));

type Told = Omit<EnvelopeFields, 'eventId' | 'causationId'>;

/** What a frame tells of, and its data; `undefined` in the data is left out. */
interface Frame {
  readonly causationId: string;
  readonly eventId?: string;
  readonly data: Readonly<Record<string, string | number | boolean | undefined>>;
}

type FrameDefinition =
  | typeof EVENTS.realtimeXpEarned
  | typeof EVENTS.realtimeAchievementUnlocked
  | typeof EVENTS.realtimeStreakBroken
  | typeof EVENTS.realtimeLevelUp;

/**
 * The events that tell what a deed brought, and the frames that show it, each after what caused it. Their ids follow from
 * what they tell: written twice they are the same events.
 */
export function eventsOf(deed: Deed, effect: Effect): BusEvent[] {
  const { userId, correlationId, atMs } = deed;
  const told: Told = { aggregateId: userId, correlationId, nowMs: atMs };
  const unlocked = new Map(effect.unlocks.map((unlock) => [unlock.slug, unlockId(userId, unlock)]));
  const events: BusEvent[] = [];
  const left = new Map(effect.unlocks.map((unlock) => [unlock.slug, unlock]));
  let level = effect.levelUp;
  for (const row of effect.rows) {
    const unlock = row.type === 'achievement_unlocked' ? left.get(row.eventId) : undefined;
    // Before the XP that it brings.
    if (unlock !== undefined) events.push(...unlockEvents(told, unlock, deed.causationId));
    left.delete(row.eventId);
    if (row.xpDelta === 0) continue;
    const cause = row.type === 'achievement_unlocked' ? unlocked.get(row.eventId) : undefined;
    events.push(...xpEvents(told, row, cause ?? deed.causationId));
    if (level !== undefined && levelOf(row.xpTotal) >= level) {
      events.push(levelFrame(told, row, level));
      level = undefined;
    }
  }
  for (const unlock of left.values()) events.push(...unlockEvents(told, unlock, deed.causationId));
  if (effect.broken !== undefined) events.push(...brokenEvents(told, effect.broken, deed.causationId));
  return events;
}

const xpId = ({ userId, type, eventId }: LedgerRow): string => derivedEventId('xp', userId, type, eventId);
const unlockId = (userId: string, { slug }: Unlock): string => derivedEventId('achievement', userId, slug);

function xpEvents(told: Told, row: LedgerRow, causationId: string): BusEvent[] {
  const eventId = xpId(row);
  const { userId, type, xpDelta, xpTotal, xpMultiplier, reason, isBonus, bonusReason, metadata } = row;
  const fields = {
    userId,
    xpDelta,
    xpTotal: BigInt(xpTotal),
    xpMultiplier,
    reason,
    context: { ...metadata, event_type: type, event_id: row.eventId },
    bonus: isBonus,
    bonusReason,
  };
  const streak = metadata['streak'];
  const data = {
    xp_delta: xpDelta,
    xp_total: xpTotal,
    level: levelOf(xpTotal),
    xp_multiplier: xpMultiplier,
    event_type: type,
    reason,
    bonus: isBonus,
    bonus_reason: bonusReason,
    streak: typeof streak === 'number' ? streak : undefined,
  };
  return [
    createEvent(EVENTS.xpEarned, { ...told, eventId, causationId }, fields),
    frame(EVENTS.realtimeXpEarned, told, { causationId: eventId, data }),
  ];
}

function levelFrame(told: Told, row: LedgerRow, level: number): BusEvent {
  const causationId = xpId(row);
  // Not of the XP's id alone: whoever loses a level and reaches it again is told again, as the XP is another.
  const eventId = derivedEventId('level', row.userId, String(level), causationId);
  return frame(EVENTS.realtimeLevelUp, told, { causationId, eventId, data: { level, xp_total: row.xpTotal } });
}

function unlockEvents(told: Told, unlock: Unlock, causationId: string): BusEvent[] {
  const eventId = unlockId(told.aggregateId, unlock);
  const achievement = BY_SLUG.get(unlock.slug);
  if (achievement === undefined) throw new TypeError(`there is no achievement ${unlock.slug}`);
  const { slug, name, description, icon, rarity, xpReward } = achievement;
  const fields = { userId: told.aggregateId, slug, title: name, rarity, xpReward };
  const data = { slug, name, description, icon, rarity, xp_reward: xpReward };
  return [
    createEvent(EVENTS.achievementUnlocked, { ...told, eventId, causationId }, fields),
    frame(EVENTS.realtimeAchievementUnlocked, told, { causationId: eventId, data }),
  ];
}

function brokenEvents(told: Told, { previous, longest, missedDay }: Broken, causationId: string): BusEvent[] {
  const eventId = derivedEventId('streak', told.aggregateId, missedDay);
  const fields = {
    userId: told.aggregateId,
    previousStreak: previous,
    longestStreak: longest,
    missedDate: missedDay,
  };
  const data = { previous_streak: previous, longest_streak: longest, missed_date: missedDay };
  return [
    createEvent(EVENTS.streakBroken, { ...told, eventId, causationId }, fields),
    frame(EVENTS.realtimeStreakBroken, told, { causationId: eventId, data }),
  ];
}

function frame(definition: FrameDefinition, told: Told, { causationId, eventId, data }: Frame): BusEvent {
  const id = eventId ?? derivedEventId(causationId, definition.subject);
  const shown = Object.fromEntries(
    Object.entries(data).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined),
  );
  const name = definition.subject.slice(definition.subject.lastIndexOf('.') + 1);
  return createEvent(
    definition,
    { ...told, eventId: id, causationId },
    { userId: told.aggregateId, name, data: shown },
  );
}

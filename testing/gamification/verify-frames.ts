import { derivedEventId } from '#pkg/bus/events.ts';
import { dayText } from './model/calendar.ts';
import type { Outcome } from './model/model.ts';
import type { Recorder, SeenFrame } from './recorder.ts';
import type { Stored, StoredRow } from './stored.ts';
import { compareSets, Findings } from './verify-ledger.ts';

const frameId = (eventId: string, name: string): string => derivedEventId(eventId, `events.realtime.${name}`);
const xpId = ({ userId, type, eventId }: StoredRow): string => derivedEventId('xp', userId, type, eventId);
const levelOf = (total: number): number => Math.max(0, Math.floor(total / 1_000));

/** The ids under which everything must have been told, on the bus and to clients. */
const wantedIds = (stored: Stored, outcomes: ReadonlyMap<string, Outcome>) => {
  const earned = stored.ledger.filter(({ delta }) => delta !== 0).map(xpId);
  const unlocked = stored.unlocks.map(({ userId, slug }) => derivedEventId('achievement', userId, slug));
  const broken = [...outcomes].flatMap(([userId, { life }]) =>
    life.missed.map(({ day }) => derivedEventId('streak', userId, dayText(day))),
  );
  return { earned, unlocked, broken };
};

/** Every frame at least once, each under one id with one content; and none beside them. */
export const verifyFrames = (
  recorder: Pick<Recorder, 'frames' | 'changed'>,
  stored: Stored,
  outcomes: ReadonlyMap<string, Outcome>,
): Findings => {
  const findings = new Findings();
  const { earned, unlocked, broken } = wantedIds(stored, outcomes);
  const seen = (name: string): string[] => [...recorder.frames].flatMap(([id, one]) => (one.name === name ? [id] : []));
  const named = (ids: readonly string[], name: string): string[] => ids.map((id) => frameId(id, name));
  compareSets(findings, 'frames xp_earned', { found: seen('xp_earned'), wanted: named(earned, 'xp_earned') });
  compareSets(findings, 'frames achievement_unlocked', {
    found: seen('achievement_unlocked'),
    wanted: named(unlocked, 'achievement_unlocked'),
  });
  compareSets(findings, 'frames streak_broken', {
    found: seen('streak_broken'),
    wanted: named(broken, 'streak_broken'),
  });
  for (const id of recorder.changed) findings.add(`frame ${id} came again with another content`);
  for (const row of stored.ledger) {
    if (row.delta === 0) continue;
    const data = recorder.frames.get(frameId(xpId(row), 'xp_earned'))?.data;
    if (data === undefined) continue;
    const found = [data['xp_delta'], data['xp_total'], data['level'], data['event_type']];
    findings.same(`frame of ${row.type} ${row.eventId}`, found, [row.delta, row.total, levelOf(row.total), row.type]);
  }
  verifyLevels(findings, recorder.frames, stored.ledger);
  return findings;
};

/** A rise that takes several rows of one deed is told once, with the level that it ended on. */
const verifyLevels = (
  findings: Findings,
  frames: ReadonlyMap<string, SeenFrame>,
  ledger: readonly StoredRow[],
): void => {
  const told = new Set([...frames].flatMap(([id, { name }]) => (name === 'level_up' ? [id] : [])));
  const rises = ledger.filter(({ total, delta }) => levelOf(total) > levelOf(total - delta));
  const idOf = (row: StoredRow): string => derivedEventId('level', row.userId, String(levelOf(row.total)), xpId(row));
  for (const [userId, rows] of Map.groupBy(rises, (row) => row.userId)) {
    for (const [index, row] of rows.entries()) {
      if (told.delete(idOf(row))) continue;
      const next = rows[index + 1];
      if (next?.atMs !== row.atMs) findings.add(`nobody told ${userId} of level ${levelOf(row.total)}`);
    }
  }
  if (told.size > 0) findings.add(`${told.size} levels were told that nobody reached`);
};

/** The same for the events of GAMIFICATION, by their ids. */
export const verifyEvents = (
  seen: ReadonlyMap<string, ReadonlySet<string>>,
  stored: Stored,
  outcomes: ReadonlyMap<string, Outcome>,
): Findings => {
  const findings = new Findings();
  const { earned, unlocked, broken } = wantedIds(stored, outcomes);
  const compare = (subject: string, wanted: readonly string[]): void =>
    compareSets(findings, subject, { found: seen.get(subject) ?? [], wanted });
  compare('events.xp.earned', earned);
  compare('events.achievement.unlocked', unlocked);
  compare('events.streak.broken', broken);
  return findings;
};

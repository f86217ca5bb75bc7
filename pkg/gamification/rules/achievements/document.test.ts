import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { TIERS } from '#pkg/contracts/tiers.ts';
import type { PlayerState } from '../../model.ts';
import { analysisXp, FIRST_ANALYSIS_XP, REFERRAL_XP, STREAK_XP_PER_DAY, streakXp, XP_PER_LEVEL } from '../amounts.ts';
import { addDays, isFirstOfMonth } from '../days.ts';
import { newPlayer, NO_STREAK } from '../new-player.ts';
import { analysis, grant, judge, play, userId, xpOf } from '../rules-for-tests.ts';
import { ACHIEVEMENTS, REWARDS } from './catalogue.ts';
import { CRITERION_TYPES, RARITIES } from './criteria.ts';

const text = readFileSync(new URL('../../../../docs/gamification.md', import.meta.url), 'utf8');

/** The cells of a table of the document, told by the first words of its head. */
function table(head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.replace(/\s+/g, ' ').startsWith(head));
  expect(start, head).toBeGreaterThan(0);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith('|'));
  return lines.slice(start + 2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/gamification.md', () => {
  test('its table of achievements is the catalogue', () => {
    expect(table('| | Achievement |')).toEqual(
      ACHIEVEMENTS.map(({ icon, name, slug, description, rarity, xpReward, tierRequired }) => [
        icon,
        `${name} (\`${slug}\`)`,
        description,
        rarity,
        xpReward.toLocaleString('en'),
        tierRequired ?? '',
      ]),
    );
  });

  test('its amounts are those of the rules', () => {
    const amounts = table('| For | XP |').map(([, xp]) => xp);
    const streaks = [1, 2, 3].map(streakXp);
    expect(amounts).toEqual([
      TIERS.map((tier) => `${String(analysisXp(tier))} on ${tier}`).join(', '),
      `${String(FIRST_ANALYSIS_XP)} more`,
      `${String(STREAK_XP_PER_DAY)} × the streak, that day included: ${streaks.join(', ')} and so on`,
      'as the [table](#achievements) says',
      String(REFERRAL_XP),
    ]);
    expect(text).toContain(RARITIES.map((rarity) => `${rarity} ${String(REWARDS[rarity])}`).join(', '));
    expect(text).toContain(`divided by ${XP_PER_LEVEL.toLocaleString('en')}, rounded down`);
  });

  test('it explains every type of criterion', () => {
    expect(table('| Type | Figure |').map(([type]) => type)).toEqual(CRITERION_TYPES.map((type) => `\`${type}\``));
  });

  test('its example of a streak is what the rules make of it', () => {
    const rows = table('| Day | Analyses |');
    expect(rows.map(([day]) => day)).toEqual(rows.map((_, index) => addDays(rows[0]![0]!, index)));
    let state: PlayerState = {
      ...newPlayer(userId),
      streak: { ...NO_STREAK, freezesLeft: 1, freezesMonth: '2026-02-01' },
    };
    for (const [day = '', analyses, streak, freezesLeft, bonus] of rows) {
      const played = play(
        [
          ...(isFirstOfMonth(day) ? [grant(day)] : []),
          ...Array.from({ length: Number(analyses) }, (_, index) => analysis(day, { id: `${day}-${String(index)}` })),
          judge(day, 'jet'),
        ],
        state,
      );
      expect([day, played.state.streak.current, played.state.streak.freezesLeft, xpOf(played, 'day:')]).toEqual([
        day,
        Number(streak),
        Number(freezesLeft),
        Number(bonus),
      ]);
      ({ state } = played);
    }
    expect(state.streak.longest).toBe(4);
  });
});

import { describe, expect, test } from 'vitest';
import { LENSES } from '#pkg/contracts/lens.ts';
import { ACHIEVEMENTS, REWARDS } from './catalogue.ts';
import { COUNTED, CRITERION_TYPES, RARITIES } from './criteria.ts';

describe('the catalogue', () => {
  test('has at least 24 achievements, first_flow and streak_legend among them, each slug and name once', () => {
    const slugs = ACHIEVEMENTS.map(({ slug }) => slug);
    expect(slugs.length).toBeGreaterThanOrEqual(24);
    expect(slugs).toEqual(expect.arrayContaining(['first_flow', 'streak_legend']));
    expect(new Set(slugs).size).toBe(slugs.length);
    expect(new Set(ACHIEVEMENTS.map(({ name }) => name)).size).toBe(slugs.length);
    expect(new Set(ACHIEVEMENTS.map(({ icon }) => icon)).size).toBe(slugs.length);
  });

  test('uses every type of criterion, every special and every rarity', () => {
    expect(new Set(ACHIEVEMENTS.map(({ criterion }) => criterion.type))).toEqual(new Set(CRITERION_TYPES));
    expect(new Set(ACHIEVEMENTS.map(({ rarity }) => rarity))).toEqual(new Set(RARITIES));
    const specials = ACHIEVEMENTS.flatMap(({ criterion }) =>
      criterion.type === 'special' ? [criterion.config.special] : [],
    );
    expect(new Set(specials)).toEqual(new Set(['lens', 'lenses', 'hours', 'score', 'back_after_streak']));
  });

  test.each(ACHIEVEMENTS)('$slug is whole', (achievement) => {
    const { slug, name, description, icon, rarity, xpReward, criterion } = achievement;
    // What the table of unlocks takes.
    expect(slug).toMatch(/^[a-z][a-z0-9_]{0,63}$/);
    expect(name).toMatch(/^\S.{1,30}\S$/);
    expect(description).toMatch(/^[A-Z].*\.$/);
    expect(icon).toMatch(/^\p{Extended_Pictographic}\uFE0F?$/u);
    expect(RARITIES).toContain(rarity);
    expect(Number.isSafeInteger(xpReward) && xpReward > 0 && xpReward <= 1000).toBe(true);
    expect(criterion.threshold).toBeGreaterThan(0);
    if (criterion.type !== 'special') expect(Number.isSafeInteger(criterion.threshold)).toBe(true);
    // The number of its threshold stands in what people read.
    if (criterion.type !== 'special') expect(description).toContain(criterion.threshold.toLocaleString('en'));
  });

  test('can be met: thresholds of specials lie within what there is', () => {
    for (const { criterion } of ACHIEVEMENTS) {
      if (criterion.type !== 'special') continue;
      const { config, threshold } = criterion;
      if (config.special === 'lens') expect([LENSES.includes(config.lens), threshold]).toEqual([true, 1]);
      if (config.special === 'lenses') expect(threshold).toBeLessThanOrEqual(LENSES.length);
      if (config.special === 'score') expect(threshold).toBeLessThanOrEqual(10);
      if (config.special === 'hours') {
        expect(threshold).toBe(1);
        expect(config.fromHour).toBeLessThan(config.toHour);
        expect(config.fromHour).toBeGreaterThanOrEqual(0);
        expect(config.toHour).toBeLessThanOrEqual(24);
      }
    }
  });

  test('nothing that goes by a single moment asks for a tier: the moment would be forgotten before an upgrade', () => {
    for (const { slug, criterion, tierRequired } of ACHIEVEMENTS) {
      const isRemembered = criterion.type !== 'special' || ['lens', 'lenses'].includes(criterion.config.special);
      expect(isRemembered || tierRequired === null, slug).toBe(true);
    }
  });

  test('rarer brings more, and a higher threshold is never less rare', () => {
    const rewards = RARITIES.map((rarity) => REWARDS[rarity]);
    expect(rewards).toEqual(rewards.toSorted((a, b) => a - b));
    expect(new Set(rewards).size).toBe(rewards.length);
    for (const type of COUNTED) {
      const own = ACHIEVEMENTS.filter(
        ({ criterion, tierRequired }) => criterion.type === type && tierRequired === null,
      );
      const byThreshold = own.toSorted((a, b) => a.criterion.threshold - b.criterion.threshold);
      const ranks = byThreshold.map(({ rarity }) => RARITIES.indexOf(rarity));
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      expect(own, 'in the order in which they are shown').toEqual(byThreshold);
    }
    for (const { xpReward, rarity } of ACHIEVEMENTS) expect(xpReward).toBeGreaterThanOrEqual(REWARDS[rarity]);
  });
});

import { TIERS, type Tier } from '#pkg/contracts/tiers.ts';
import { ACHIEVEMENTS } from '#pkg/gamification/rules/achievements/catalogue.ts';
import type { Achievement, Criterion, SpecialConfig } from '#pkg/gamification/rules/achievements/criteria.ts';
import type { DayNumber } from './calendar.ts';
import type { AnalysisFact } from './facts.ts';
import type { Life } from './life.ts';

/** All that achievements go by, as it stands in the end. */
export interface Figures {
  readonly life: Life;
  readonly longest: number;
  readonly networkSize: number;
  readonly trackedUsers: number;
  readonly finalTier: Tier;
}

/** What must be unlocked, and what may be: where it depends on which of two deeds between two judgements was counted first. */
export interface Verdict {
  readonly must: ReadonlySet<string>;
  readonly may: ReadonlySet<string>;
}

const hourOf = (ms: number): number => Math.floor((ms % 86_400_000) / 3_600_000);

/**
 * `earned`: XP without any achievement. The XP of one achievement may unlock another; `unlocked` says which of the doubtful
 * ones were, as that decides about others.
 */
export const verdictOf = (figures: Figures, earned: number, unlocked: ReadonlySet<string>): Verdict => {
  const doubtful = ACHIEVEMENTS.filter((each) => isMet(each, figures, 0) === 'perhaps').map(({ slug }) => slug);
  const must = new Set<string>();
  for (let before = -1; before < must.size;) {
    before = must.size;
    const counted = new Set([...must, ...doubtful.filter((slug) => unlocked.has(slug))]);
    const total = earned + rewardOf(counted);
    for (const each of ACHIEVEMENTS) if (isMet(each, figures, total) === 'yes') must.add(each.slug);
  }
  return { must, may: new Set([...must, ...doubtful]) };
};

export const rewardOf = (slugs: ReadonlySet<string>): number =>
  ACHIEVEMENTS.reduce((sum, { slug, xpReward }) => sum + (slugs.has(slug) ? xpReward : 0), 0);

type Answer = 'yes' | 'no' | 'perhaps';
const sure = (isSo: boolean): Answer => (isSo ? 'yes' : 'no');

const isMet = ({ criterion, tierRequired }: Achievement, figures: Figures, total: number): Answer => {
  const met = criterionMet(criterion, figures, total);
  if (met === 'no' || tierRequired === null) return met;
  const includes = (tier: Tier): boolean => TIERS.indexOf(tier) >= TIERS.indexOf(tierRequired);
  if (includes(figures.finalTier)) return met;
  return figures.life.tiersEver().some(includes) ? 'perhaps' : 'no';
};

const criterionMet = (criterion: Criterion, figures: Figures, total: number): Answer => {
  const { threshold } = criterion;
  const { life, longest, networkSize, trackedUsers } = figures;
  switch (criterion.type) {
    case 'timeline_count':
      return sure(life.analyses.size >= threshold);
    case 'xp_total':
      return sure(total >= threshold);
    case 'streak_days':
      return sure(longest >= threshold);
    case 'referrals':
      return sure(life.brought.size >= threshold);
    case 'network_size':
      return sure(networkSize >= threshold);
    case 'unique_users_tracked':
      return sure(trackedUsers >= threshold);
    case 'special':
      return specialMet(criterion.config, threshold, life);
  }
};

const specialMet = (config: SpecialConfig, threshold: number, life: Life): Answer => {
  const analyses = [...life.analyses.values()];
  const some = (isIt: (analysis: AnalysisFact) => boolean): Answer => sure(analyses.some(isIt));
  switch (config.special) {
    case 'lens':
      return some(({ lens }) => lens === config.lens);
    case 'lenses':
      return sure(new Set(analyses.map(({ lens }) => lens)).size >= threshold);
    case 'hours':
      return some(({ atMs }) => hourOf(atMs) >= config.fromHour && hourOf(atMs) < config.toHour);
    case 'score':
      return some(({ lens, score }) => score !== null && score >= threshold && [null, lens].includes(config.lens));
    case 'back_after_streak':
      return cameBack(life, threshold);
  }
};

/**
 * Sure where a long streak was judged to be over, nobody ever told of the missed day, and there was activity later. In doubt
 * where it became long, or the missed day active, by something that was told late: whoever was back before did not know.
 */
const cameBack = (life: Life, threshold: number): Answer => {
  const isBackAfter = (day: DayNumber): boolean => life.activeDays().some((active) => active > day);
  const lost = life.missed.filter(({ day }) => isBackAfter(day));
  if (lost.some(({ day, previous }) => previous >= threshold && !life.days.has(day))) return 'yes';
  const couldBe = lost.some(({ day, previous }) => Math.max(previous, life.streakAt(day - 1)) >= threshold);
  return couldBe ? 'perhaps' : 'no';
};

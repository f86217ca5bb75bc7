import { z } from '@hono/zod-openapi';
import { isDid } from '#pkg/atproto/syntax.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';
import { LEDGER_TYPES } from '../model.ts';
import { CRITERION_TYPES, RARITIES } from '../rules/achievements/criteria.ts';

/** The bodies and questions of the REST API: what validates them also documents them. Unknown fields are refused. */

const iso = z.iso.datetime();
const day = z.iso.date();
const count = z.int().nonnegative();
const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz';

/** Nobody turns this many pages; a board is not read as a list of all users. */
export const MAX_OFFSET = 10_000;

const page = {
  limit: z.coerce.number().int().min(1).max(100).default(50).openapi({ description: 'How many at most.' }),
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_OFFSET)
    .default(0)
    .openapi({ description: 'How many to pass over: next_offset of the page before.' }),
};

export const globalQuery = z.strictObject(page);

export const weeklyQuery = z.strictObject({
  ...page,
  week: z
    .string()
    .regex(/^20\d{2}-W\d{2}$/, 'not a week: write 2026-W47')
    .optional()
    .openapi({ description: 'By ISO 8601, in UTC. The current one, where it is left out.', example: '2026-W47' }),
});

export const followingQuery = z.strictObject({
  ...page,
  board: z.enum(['global', 'weekly']).default('global').openapi({ description: 'All XP, or that of this week.' }),
});

const entryBody = z
  .object({
    rank: z.int().positive().openapi({ description: '1 is the first. Who has the same XP has the same rank.' }),
    user_id: z.string().openapi({ description: 'DID.', example: DID }),
    handle: z.string().nullable().openapi({ description: 'As it was at their last sign-in.' }),
    xp: z.int().openapi({ description: 'What this leaderboard goes by: all of theirs, or that of the week.' }),
    level: count.openapi({ description: 'By all of their XP.' }),
  })
  .openapi('LeaderboardEntry');

export const leaderboardBody = z
  .object({
    board: z.enum(['global', 'weekly', 'following']),
    period: z
      .object({
        week: z.string().openapi({ example: '2026-W47' }),
        from: iso,
        to: iso.openapi({ description: 'The first moment after it.' }),
        final: z.boolean().openapi({ description: 'It is over, and archived.' }),
      })
      .nullable()
      .openapi({ description: 'The week whose XP counts; null: XP of all time.' }),
    total: count.openapi({ description: 'How many stand on it. Of a week that is over the first thousand are kept.' }),
    entries: z.array(entryBody).openapi({ description: 'Best first, without those who left or hid just now.' }),
    you: z
      .union([entryBody, z.null()])
      .openapi({ description: 'Your own place, wherever the page is; null: none, or nobody is signed in.' }),
    next_offset: count.optional().openapi({ description: 'For the next page; absent on the last.' }),
  })
  .openapi('Leaderboard');

export const didParam = z.object({
  did: z.string().max(2_048).refine(isDid, 'not a DID').openapi({ example: DID }),
});

/** What is counted of a user, and cached. */
export const statsFigures = z.strictObject({
  xp_total: z.int(),
  level: count,
  xp_to_next_level: z.int().positive(),
  analyses: count.openapi({ description: 'Completed, each counted once.' }),
  streak: z
    .strictObject({ current: count, longest: count })
    .openapi({ description: 'Days in a row with an analysis.' }),
  achievements: count.openapi({ description: 'How many are unlocked.' }),
  rank: z.int().positive().nullable().openapi({ description: 'On the global leaderboard; null: not on it.' }),
});

export const statsBody = z
  .object({ did: z.string(), handle: z.string().nullable(), ...statsFigures.shape })
  .openapi('UserStats');

const achievementFields = {
  slug: z.string().openapi({ description: 'Its name for programs. Never changes.', example: 'first_flow' }),
  name: z.string(),
  description: z.string(),
  icon: z.string(),
  rarity: z.enum(RARITIES),
  xp_reward: count,
  tier_required: z.enum(TIERS).nullable().openapi({ description: 'The lowest tier that can unlock it; null: any.' }),
  criterion: z
    .object({
      type: z.enum(CRITERION_TYPES),
      threshold: z.number().positive().openapi({ description: 'What the value must reach.' }),
    })
    .openapi({ description: 'What unlocks it.' }),
};

export const achievementsBody = z
  .object({ achievements: z.array(z.object(achievementFields).openapi('Achievement')) })
  .openapi('Achievements');

export const myAchievementsBody = z
  .object({
    unlocked: count.openapi({ description: 'How many of them.' }),
    achievements: z.array(
      z
        .object({
          ...achievementFields,
          progress: z
            .object({ value: z.number().nonnegative(), threshold: z.number().positive() })
            .openapi({ description: 'How far you are. The value is never above the threshold.' }),
          unlocked_at: iso.nullable().openapi({ description: 'Null: not yet.' }),
        })
        .openapi('MyAchievement'),
    ),
  })
  .openapi('MyAchievements');

export const streakBody = z
  .object({
    current: count.openapi({ description: 'Days with an analysis in the run that is going on.' }),
    longest: count,
    last_activity_date: day
      .nullable()
      .openapi({ description: 'UTC. The last day that counts, active or bridged by a freeze.' }),
    start_date: day.nullable().openapi({ description: 'UTC. When the run that is going on began.' }),
    freezes_left: count.openapi({ description: 'Days that may be missed this month; spent by themselves.' }),
    active_today: z.boolean(),
    at_risk: z.boolean().openapi({ description: 'There is a streak, and no analysis of today yet.' }),
    next_judgement_at: iso
      .nullable()
      .openapi({ description: 'When today is over in UTC, and the streak is judged by it; null: there is none.' }),
  })
  .openapi('Streak');

export const xpQuery = z.strictObject({
  cursor: z.string().min(1).max(200).optional().openapi({ description: 'From the page before.' }),
  limit: page.limit,
});

export const xpBody = z
  .object({
    xp: z
      .array(
        z
          .object({
            id: z.int().positive(),
            event_type: z.enum(LEDGER_TYPES),
            event_id: z
              .string()
              .openapi({ description: 'What it is for: an analysis, an achievement, a day, a user.' }),
            xp_delta: z
              .int()
              .openapi({ description: '0 where only the fact is told: a freeze spent, a streak ended.' }),
            xp_total: z.int().openapi({ description: 'What you had after it.' }),
            xp_multiplier: z.int().positive().openapi({ description: 'In hundredths: 150 is one and a half times.' }),
            reason: z.string(),
            is_bonus: z.boolean(),
            bonus_reason: z.string(),
            occurred_at: iso,
          })
          .openapi('XpRow'),
      )
      .openapi({ description: 'As it was counted, newest first.' }),
    cursor: z.string().optional().openapi({ description: 'For the next page; absent on the last.' }),
  })
  .openapi('XpHistory');

export const visibilityBody = z
  .strictObject({
    visible: z.boolean().openapi({
      description: 'Whether others see you on leaderboards and may read your stats. You earn the same either way.',
    }),
  })
  .openapi('Visibility');

import { z } from 'zod';

/** The four lenses. */
export const LENSES = ['flow', 'clout', 'kudos', 'pulse'] as const;
export type Lens = (typeof LENSES)[number];

/** How far a lens looks back from now. */
export const TIME_WINDOWS = ['24h', '48h', '7d', '30d'] as const;
export type TimeWindow = (typeof TIME_WINDOWS)[number];

/** Whose posts a board shows: everyone the account follows, or those of them who follow it back. */
export const AUDIENCES = ['following', 'mutual'] as const;
export type Audience = (typeof AUDIENCES)[number];

const hourMs = 3_600_000;

/** The length of each time window in milliseconds. */
export const TIME_WINDOW_MS: Readonly<Record<TimeWindow, number>> = {
  '24h': 24 * hourMs,
  '48h': 48 * hourMs,
  '7d': 7 * 24 * hourMs,
  '30d': 30 * 24 * hourMs,
};

/** Score bands, by the lowest score that is in them. */
export const BANDS = [
  { name: 'Elite', from: 9.5 },
  { name: 'Exceptional', from: 8.5 },
  { name: 'Strong', from: 7 },
  { name: 'Solid', from: 5 },
  { name: 'Emerging', from: 2.5 },
  { name: 'Quiet', from: 0 },
] as const;

const iso = z.iso.datetime();
const count = z.int().nonnegative();

// Described with `describe` rather than in comments: the API's reference shows it too.

/** What a post or several got. */
const reactions = {
  likes: count,
  replies: count,
  reposts: count,
  quotes: count.describe('Not among the skypoints.'),
  skypoints: count.describe('likes + replies + reposts'),
};
const account = { did: z.string(), handle: z.string().nullable() };

export const flowBoard = z.object({
  lens: z.literal('flow'),
  bucket_seconds: z.literal(600).describe('Length of a bucket, aligned to UTC.'),
  buckets: z
    .array(
      z.object({
        at: iso,
        posts: count,
        ...reactions,
        peak: z.boolean().describe('One of the three with the most skypoints.'),
      }),
    )
    .describe('Only those in which the audience posted, oldest first.'),
});

export const cloutBoard = z.object({
  lens: z.literal('clout'),
  posts: z
    .array(z.object({ uri: z.string(), ...account, at: iso, text: z.string(), ...reactions }))
    .describe('The ten with the most skypoints, one an author.'),
  total: count.describe('Skypoints of the posts shown.'),
});

export const kudosBoard = z.object({
  lens: z.literal('kudos'),
  accounts: z
    .array(z.object({ ...account, posts: count, followers: count, ...reactions }))
    .describe('The eight with the most skypoints over all their posts of the window.'),
});

export const pulseBoard = z.object({
  lens: z.literal('pulse'),
  accounts: z
    .array(
      z.object({
        ...account,
        posts: count,
        skypoints: count.describe('Of the posts of the window.'),
        previous_skypoints: count.describe('Of the posts of the window before, as they were at its end.'),
        followers: count,
        following: count,
        age_days: z.number().describe('Since the account was first seen or, as it says itself, made.'),
        posts_per_day: z.number().describe('Of the window; the others are per day of age.'),
        followers_per_day: z.number(),
        following_per_day: z.number(),
      }),
    )
    .describe('The ten that grow most: (1 + skypoints) / (1 + previous_skypoints).'),
});

export const lensBoard = z.discriminatedUnion('lens', [flowBoard, cloutBoard, kudosBoard, pulseBoard]);

export const lensScore = z.object({
  score: z.number().min(0).max(10).describe('0 to 10 with one decimal.'),
  band: z.enum(BANDS.map((band) => band.name)),
  percentile: z.number().min(0).max(100).describe('Percent of the accounts active in the window whose score is lower.'),
  change: z
    .number()
    .nullable()
    .describe('Score less that of the window before; null where the account did not post then.'),
  parts: z.array(
    z.object({
      name: z.string(),
      value: z.number().describe("In the part's own unit, see docs/algorithms.md."),
      percentile: z.number().describe('Percent of the active accounts whose value is lower.'),
      weight: z.number().describe('Share of the score; those of one score add up to 1.'),
    }),
  ),
  reference: z
    .object({ accounts: count, computed_at: iso })
    .describe('What it was compared with: so many active accounts, as they were then.'),
  peak_hours: z
    .array(z.int().min(0).max(23))
    .describe('Flow: the three best hours of the day (UTC), best first. Empty for the others.'),
  change_percent: z
    .number()
    .nullable()
    .describe('Pulse: skypoints and new followers against the window before, in percent; null where there were none.'),
});

/** Why an answer holds less than was asked for. A closed list: clients may switch over it. */
export const NOTICES = [
  'account_never_seen',
  'account_inactive',
  'no_posts_in_window',
  'no_follows',
  'no_mutuals',
  'nothing_in_window',
  'window_before_index',
  'gaps_in_window',
  'no_reference',
] as const;
export type NoticeCode = (typeof NOTICES)[number];

export const notice = z.object({
  code: z.enum(NOTICES).describe('For programs.'),
  message: z.string().describe('For people.'),
});

/** The answer to one question. `board` or `score` is null where a notice says why there is none. */
export const lensAnswer = z.object({
  lens: z.enum(LENSES),
  window: z.enum(TIME_WINDOWS),
  audience: z.enum(AUDIENCES),
  subject: z.object(account).describe('Whom it is about.'),
  from: iso.describe('The first moment of the window.'),
  to: iso.describe('The first moment after it: when the question was asked.'),
  data_since: iso.nullable().describe('Since when this index has events; null while it has none.'),
  complete: z.boolean().describe('Whether the index covers the whole window, without gaps.'),
  notices: z.array(notice).describe('What is missing, and why.'),
  board: lensBoard.nullable().describe('About the accounts it follows; null where a notice says why.'),
  score: lensScore.nullable().describe('Of the account itself; null where a notice says why.'),
  share: z
    .string()
    .max(280)
    .nullable()
    .describe('Pulse: a line to share, such as Flow 8.7 · Clout 6.2 · Kudos 7.4 · Pulse +12%. Null for the others.'),
  computed_at: iso,
});

export type FlowBoard = z.infer<typeof flowBoard>;
export type CloutBoard = z.infer<typeof cloutBoard>;
export type KudosBoard = z.infer<typeof kudosBoard>;
export type PulseBoard = z.infer<typeof pulseBoard>;
export type LensBoard = z.infer<typeof lensBoard>;
export type LensScore = z.infer<typeof lensScore>;
export type Notice = z.infer<typeof notice>;
export type LensAnswer = z.infer<typeof lensAnswer>;

/** What is asked. */
export interface LensQuestion {
  readonly did: string;
  readonly lens: Lens;
  readonly window: TimeWindow;
  readonly audience: Audience;
}

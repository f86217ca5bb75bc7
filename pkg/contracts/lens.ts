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

/** What a post or several got. Skypoints are likes + replies + reposts; quotes are counted apart. */
const reactions = { likes: count, replies: count, reposts: count, quotes: count, skypoints: count };
const account = { did: z.string(), handle: z.string().nullable() };

export const flowBoard = z.object({
  lens: z.literal('flow'),
  /** Length of a bucket, aligned to UTC. */
  bucket_seconds: z.literal(600),
  /** Only those in which the audience posted, oldest first. `peak`: one of the three with the most skypoints. */
  buckets: z.array(z.object({ at: iso, posts: count, ...reactions, peak: z.boolean() })),
});

export const cloutBoard = z.object({
  lens: z.literal('clout'),
  posts: z.array(z.object({ uri: z.string(), ...account, at: iso, text: z.string(), ...reactions })),
  /** Skypoints of the posts shown. */
  total: count,
});

export const kudosBoard = z.object({
  lens: z.literal('kudos'),
  accounts: z.array(z.object({ ...account, posts: count, followers: count, ...reactions })),
});

export const pulseBoard = z.object({
  lens: z.literal('pulse'),
  accounts: z.array(
    z.object({
      ...account,
      posts: count,
      /** Skypoints of the posts of this window, and of those of the window before it at its own end. */
      skypoints: count,
      previous_skypoints: count,
      followers: count,
      following: count,
      age_days: z.number(),
      /** Of the window; the others are per day of account age. */
      posts_per_day: z.number(),
      followers_per_day: z.number(),
      following_per_day: z.number(),
    }),
  ),
});

export const lensBoard = z.discriminatedUnion('lens', [flowBoard, cloutBoard, kudosBoard, pulseBoard]);

export const lensScore = z.object({
  /** 0 to 10 with one decimal. */
  score: z.number().min(0).max(10),
  band: z.enum(BANDS.map((band) => band.name)),
  /** Percent of the accounts active in the window whose score is lower: 0 to 100. */
  percentile: z.number().min(0).max(100),
  /** Score less that of the window before; null where the account did not post then. */
  change: z.number().nullable(),
  parts: z.array(
    z.object({
      name: z.string(),
      /** In the part's own unit, see docs/algorithms.md. */
      value: z.number(),
      /** Percent of the active accounts whose value is lower. */
      percentile: z.number(),
      /** Share of the score; the weights of one score add up to 1. */
      weight: z.number(),
    }),
  ),
  /** What it was compared with. */
  reference: z.object({ accounts: count, computed_at: iso }),
  /** Flow: the three best hours of the day (UTC), best first. Empty for the others. */
  peak_hours: z.array(z.int().min(0).max(23)),
  /** Pulse: skypoints and new followers against the window before, in percent; null where there were none. */
  change_percent: z.number().nullable(),
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

export const notice = z.object({ code: z.enum(NOTICES), message: z.string() });

/** The answer to one question. `board` or `score` is null where a notice says why there is none. */
export const lensAnswer = z.object({
  lens: z.enum(LENSES),
  window: z.enum(TIME_WINDOWS),
  audience: z.enum(AUDIENCES),
  subject: z.object(account),
  from: iso,
  to: iso,
  /** Since when this index has events; null while it has none. */
  data_since: iso.nullable(),
  /** Whether the index covers the whole window, without gaps. */
  complete: z.boolean(),
  notices: z.array(notice),
  board: lensBoard.nullable(),
  score: lensScore.nullable(),
  /** Pulse: `Flow 8.7 · Clout 6.2 · Kudos 7.4 · Pulse +12%`, at most 280 characters; null for the others. */
  share: z.string().max(280).nullable(),
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

import type { CloutBoard, FlowBoard, KudosBoard, LensAnswer, LensScore, PulseBoard } from '#pkg/contracts/lens.ts';

/** Answers with every part filled in, for tests of what shows them. */

const toMs = Date.parse('2026-11-21T12:40:00Z');
const hourMs = 3_600_000;
const at = (hoursBack: number): string => new Date(toMs - hoursBack * hourMs).toISOString();

const bucket = (hoursBack: number, likes: number, peak = false): FlowBoard['buckets'][number] => ({
  at: at(hoursBack),
  posts: 1 + (likes % 4),
  likes,
  replies: Math.floor(likes / 5),
  reposts: Math.floor(likes / 10),
  quotes: 1,
  skypoints: likes + Math.floor(likes / 5) + Math.floor(likes / 10),
  peak,
});

export const flowBoard: FlowBoard = {
  lens: 'flow',
  bucket_seconds: 600,
  buckets: [
    bucket(47, 10),
    bucket(40, 60, true),
    bucket(30, 5),
    bucket(20, 100, true),
    bucket(12, 0),
    bucket(2, 31, true),
  ],
};

export const cloutBoard: CloutBoard = {
  lens: 'clout',
  total: 1_300,
  posts: [
    {
      uri: 'at://did:plc:aaaaaaaaaaaaaaaaaaaaaaaa/app.bsky.feed.post/3lbf2q7mqk22a',
      did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
      handle: 'bela.example.com',
      at: at(3),
      text: 'Good morning! 你好，世界\nsecond \u001B[31mline\u202Eevil of a text that goes on and on',
      likes: 1_000,
      replies: 150,
      reposts: 50,
      quotes: 7,
      skypoints: 1_200,
    },
    {
      uri: 'at://did:plc:bbbbbbbbbbbbbbbbbbbbbbbb/app.bsky.feed.post/3lbf2q7mqk22b',
      did: 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb',
      handle: null,
      at: at(9),
      text: '',
      likes: 90,
      replies: 10,
      reposts: 0,
      quotes: 0,
      skypoints: 100,
    },
  ],
};

export const kudosBoard: KudosBoard = {
  lens: 'kudos',
  accounts: [
    {
      did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
      handle: 'bela.example.com',
      posts: 12,
      followers: 12_345,
      likes: 1_000,
      replies: 150,
      reposts: 50,
      quotes: 7,
      skypoints: 1_200,
    },
  ],
};

export const pulseBoard: PulseBoard = {
  lens: 'pulse',
  accounts: [
    {
      did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa',
      handle: 'bela.example.com',
      posts: 12,
      skypoints: 1_200,
      previous_skypoints: 300,
      followers: 12_345,
      following: 80,
      age_days: 1_000,
      posts_per_day: 6,
      followers_per_day: 12.35,
      following_per_day: 0.08,
    },
  ],
};

export const score: LensScore = {
  score: 8.7,
  band: 'Exceptional',
  percentile: 91.2,
  change: 0.4,
  parts: [
    { name: 'peak', value: 41, percentile: 88.1, weight: 0.5 },
    { name: 'consistency', value: 0.375, percentile: 66, weight: 0.5 },
  ],
  reference: { accounts: 4_812, computed_at: at(0) },
  peak_hours: [20, 9],
  change_percent: null,
};

/** An answer of the flow lens; what is given replaces its fields. */
export const answerWith = (fields: Partial<LensAnswer>): LensAnswer => ({
  lens: 'flow',
  window: '48h',
  audience: 'following',
  subject: { did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', handle: 'alice.example.com' },
  from: at(48),
  to: at(0),
  data_since: at(1_000),
  complete: true,
  notices: [],
  board: flowBoard,
  score,
  share: null,
  computed_at: at(0),
  ...fields,
});

import type { LensAnswer } from '#pkg/contracts/lens.ts';

/** What the reference shows beside the schemas. A test holds each against its schema. */

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz';
const id = '3833413d-98cf-4004-88d6-c9acf0e9cda7';

const result: LensAnswer = {
  lens: 'flow',
  window: '48h',
  audience: 'following',
  subject: { did, handle: 'alice.bsky.social' },
  from: '2026-03-08T12:00:00.000Z',
  to: '2026-03-10T12:00:00.000Z',
  data_since: '2026-03-09T06:30:00.000Z',
  complete: false,
  notices: [
    {
      code: 'window_before_index',
      message: 'This index has events since 2026-03-09T06:30:00.000Z only; what was before is not counted.',
    },
  ],
  board: {
    lens: 'flow',
    bucket_seconds: 600,
    buckets: [
      {
        at: '2026-03-09T20:10:00.000Z',
        posts: 14,
        likes: 310,
        replies: 25,
        reposts: 41,
        quotes: 6,
        skypoints: 376,
        peak: true,
      },
    ],
  },
  score: {
    score: 6.3,
    band: 'Solid',
    percentile: 75,
    change: null,
    parts: [
      { name: 'peak', value: 41, percentile: 88.1, weight: 0.5 },
      { name: 'consistency', value: 0.25, percentile: 37.9, weight: 0.5 },
    ],
    reference: { accounts: 4812, computed_at: '2026-03-10T11:58:00.000Z' },
    peak_hours: [20, 9, 13],
    change_percent: null,
  },
  share: null,
  computed_at: '2026-03-10T12:00:00.000Z',
};

const summary = {
  analysis_id: id,
  did,
  type: 'flow',
  window: '48h',
  audience: 'following',
  status: 'completed',
  requested_at: '2026-03-10T11:59:59.900Z',
  started_at: '2026-03-10T11:59:59.950Z',
  finished_at: '2026-03-10T12:00:00.050Z',
  cached: false,
  duration_ms: 100,
  score: 6.3,
  error: null,
};

export const EXAMPLES = {
  login: { identifier: 'alice.bsky.social', password: 'abcd-efgh-ijkl-mnop' },
  refresh: { refresh_token: 'REFRESH_TOKEN' },
  tokens: { access_token: 'ACCESS_TOKEN', refresh_token: 'REFRESH_TOKEN', expires_at: '2026-03-10T13:00:00.000Z' },
  me: {
    did,
    handle: 'alice.bsky.social',
    tier: 'drift',
    created_at: '2026-03-01T08:00:00.000Z',
    limits: {
      analyses_per_hour: 5,
      analyses_left: 4,
      analyses_reset_at: '2026-03-10T12:59:59.900Z',
      concurrent_analyses: 2,
      sse_connections: 5,
      cache_minutes: 60,
    },
  },
  ticket: { ticket: 'TICKET', expires_at: '2026-03-10T12:01:00.000Z' },
  analyze: { type: 'flow', window: '48h', audience: 'following' },
  accepted: {
    analysis_id: id,
    estimated_completion: '2026-03-10T12:00:01.900Z',
    status_url: `http://localhost:8000/api/v1/timeline/analyses/${id}`,
  },
  analysis: { ...summary, result },
  history: { analyses: [summary], cursor: 'CURSOR' },
  events: [
    'retry: 3000',
    'id: mwqmy4lq-6',
    'event: connected',
    `data: {"user_id":"${did}","connection_id":"99f30538-a97d-4d00-85ae-7fff62054835","server_time":"2026-03-10T11:59:00.000Z"}`,
    '',
    'id: mwqmy4lq-7',
    'event: analysis_completed',
    `data: {"analysis_id":"${id}","type":"flow","window":"48h","audience":"following","subject_did":"${did}","cached":false,"score":6.3,"event_id":"fd6469c8-ac6c-8a92-b61b-6281ad76d593","correlation_id":"7a8b0a0a-101c-49ba-bf17-9750d9ef2cea"}`,
    '',
    '',
  ].join('\n'),
} as const;

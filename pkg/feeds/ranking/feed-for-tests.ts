import type { Feed } from '../feed.ts';

/** A feed of the operator's, in order except for what the test says. */
export const feedForTests = (about: Partial<Feed> = {}): Feed => ({
  rkey: 'test',
  displayName: 'Test',
  description: '',
  avatar: undefined,
  languages: 'any',
  contentMode: 'unspecified',
  acceptsInteractions: false,
  visibility: 'public',
  order: 'score',
  publicForm: undefined,
  refreshMs: 15_000,
  keepMs: 1_800_000,
  pageSize: 30,
  maxPosts: 500,
  labels: [],
  sql: 'SELECT actor_id, tid, tid AS score FROM author_posts',
  why: undefined,
  settings: {},
  personal: false,
  asksMembers: false,
  origin: 'operator',
  folder: '/feeds/test',
  fingerprint: 'first',
  ...about,
});

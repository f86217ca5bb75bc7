import { readFileSync } from 'node:fs';
import { collections } from '../../pkg/atproto/collections.ts';
import { formatTid } from '../../pkg/atproto/tid.ts';
import type { AccountCounts, PostCounts } from './appview-counts.ts';
import type { Skyflow } from './skyflow.ts';

const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

/** All posts in our tables by uri, with everything that points at them, inactive accounts included. */
export const ourPosts = async (skyflow: Skyflow): Promise<Map<string, PostCounts>> => {
  const rows = await skyflow.sql<PostCounts & { did: string; tid: string }>(read('post-counts.sql'));
  return new Map(
    rows.map(({ did, tid, ...counts }) => [`at://${did}/${collections.post}/${formatTid(BigInt(tid))}`, counts]),
  );
};

/** All accounts in our tables by DID, inactive ones included. */
export const ourAccounts = async (skyflow: Skyflow): Promise<Map<string, AccountCounts & { active: number }>> => {
  const rows = await skyflow.sql<AccountCounts & { did: string; active: number }>(read('account-counts.sql'));
  return new Map(rows.map(({ did, ...counts }) => [did, counts]));
};

/** What the view `recent_posts_with_score` shows people, by uri. */
export const shownPosts = async (skyflow: Skyflow): Promise<Map<string, PostCounts>> => {
  const rows = await skyflow.sql<PostCounts & { uri: string }>(read('shown-posts.sql'));
  return new Map(rows.map(({ uri, ...counts }) => [uri, counts]));
};

/** What the view `following_counts` shows people, by DID. */
export const shownAccounts = async (skyflow: Skyflow): Promise<Map<string, Omit<AccountCounts, 'posts'>>> => {
  const rows = await skyflow.sql<Omit<AccountCounts, 'posts'> & { did: string }>(read('shown-accounts.sql'));
  return new Map(rows.map(({ did, ...counts }) => [did, counts]));
};

import { z } from 'zod';
import { benchKeys, benchToken, METHOD, SERVICE_DID } from './setting.ts';

/** The feeds that are another one for each viewer. */
const PERSONAL = ['flow', 'clout', 'kudos', 'mutuals', 'quiet'];
/** The first readers warm the engine up and are not measured. */
const warmUps = 3;

const page = z.object({ feed: z.array(z.object({ post: z.string() })) });

/** Milliseconds of each first page, and how many posts it had on the average. */
export interface FirstPages {
  readonly tookMs: readonly number[];
  readonly posts: number;
}

/** First pages of each personal feed for each reader, one after the other, every one of them ranked anew. */
export const measurePersonal = async (port: number, readers: number): Promise<Map<string, FirstPages>> => {
  const accounts = await benchKeys(readers);
  const measured = new Map(PERSONAL.map((rkey) => [rkey, { tookMs: [] as number[], posts: 0 }]));
  for (const [at, account] of accounts.entries()) {
    for (const [rkey, into] of measured) {
      const feed = `at://${SERVICE_DID}/app.bsky.feed.generator/${rkey}`;
      const headers = { authorization: `Bearer ${await benchToken(account)}`, 'accept-language': 'en' };
      const startedMs = performance.now();
      const url = `http://127.0.0.1:${port}/xrpc/${METHOD}?feed=${encodeURIComponent(feed)}&limit=30`;
      const response = await fetch(url, { headers });
      const text = await response.text();
      const tookMs = performance.now() - startedMs;
      if (!response.ok) throw new Error(`${rkey}: ${response.status} ${text}`);
      if (at < warmUps) continue;
      into.tookMs.push(tookMs);
      into.posts += page.parse(JSON.parse(text)).feed.length / (readers - warmUps);
    }
  }
  return measured;
};

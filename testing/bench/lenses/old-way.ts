import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** Requests under way at once: more did not make it faster. */
const concurrency = 8;
const bucketMs = 600_000;

const page = z.object({ cursor: z.string().optional() });
interface Page {
  readonly feed: readonly {
    readonly post: {
      readonly indexedAt: string;
      readonly likeCount: number;
      readonly replyCount: number;
      readonly repostCount: number;
    };
  }[];
}

/** What one run of the old way came to. */
export interface OldWay {
  readonly ms: number;
  readonly pages: number;
  readonly bytes: number;
  readonly likes: number;
}

/**
 * The flow board as Skyflow used to make it: page through getAuthorFeed of every followed account until the posts are older
 * than the window, and count in JavaScript.
 */
export const measureOldWay = async (
  feeds: string,
  { fromMs, runs }: { fromMs: number; runs: number },
): Promise<OldWay[]> => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('feed-server-process.ts', import.meta.url)), feeds], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const { port, actors } = z.object({ port: z.number(), actors: z.array(z.string()) }).parse(JSON.parse(line));
  const measured: OldWay[] = [];
  for (let run = 0; run < runs; run += 1) measured.push(await oneRun(port, actors, fromMs));
  child.stdin.end();
  await once(child, 'exit');
  return measured;
};

const oneRun = async (port: number, actors: readonly string[], fromMs: number): Promise<OldWay> => {
  const startedMs = performance.now();
  const buckets = new Map<number, { posts: number; likes: number; skypoints: number }>();
  const waiting = [...actors];
  let [pages, bytes] = [0, 0];
  const work = async (): Promise<void> => {
    for (let actor = waiting.pop(); actor !== undefined; actor = waiting.pop()) {
      let cursor: string | undefined = '';
      while (cursor !== undefined) {
        const url = `http://127.0.0.1:${port}/xrpc/app.bsky.feed.getAuthorFeed?actor=${actor}&limit=100&cursor=${cursor}`;
        const text = await (await fetch(url)).text();
        const body: unknown = JSON.parse(text);
        pages += 1;
        bytes += text.length;
        cursor = countPage(body as Page, fromMs, buckets) ? page.parse(body).cursor : undefined;
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  const likes = [...buckets.values()].reduce((sum, bucket) => sum + bucket.likes, 0);
  return { ms: performance.now() - startedMs, pages, bytes, likes };
};

/** Counts a page into the buckets; false when it reached posts that are too old. */
const countPage = (
  { feed }: Page,
  fromMs: number,
  buckets: Map<number, { posts: number; likes: number; skypoints: number }>,
): boolean => {
  for (const { post } of feed) {
    const atMs = Date.parse(post.indexedAt);
    if (atMs < fromMs) return false;
    const start = Math.floor(atMs / bucketMs) * bucketMs;
    const bucket = buckets.get(start) ?? { posts: 0, likes: 0, skypoints: 0 };
    bucket.posts += 1;
    bucket.likes += post.likeCount;
    bucket.skypoints += post.likeCount + post.replyCount + post.repostCount;
    buckets.set(start, bucket);
  }
  return true;
};

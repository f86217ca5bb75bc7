import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { startSkyflow } from '#cmd/skyflow/e2e-process.ts';
import { freePort } from '#pkg/runtime/free-port.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { simulate } from '#testing/simulator/cli.ts';

/** From a post's frame on the socket to the first page that shows it, milliseconds; unsorted. `missing` never came. */
export interface Freshness {
  readonly tookMs: readonly number[];
  readonly missing: number;
}

const pollMs = 50;
/** At the start there is more to do than to index: what comes then is not measured. */
const settleMs = 8_000;
/** How long the last posts may take. */
const graceMs = 10_000;

const frame = z.object({
  did: z.string(),
  kind: z.literal('commit'),
  commit: z.object({ operation: z.literal('create'), collection: z.literal('app.bsky.feed.post'), rkey: z.string() }),
});
const page = z.object({ feed: z.array(z.object({ post: z.string() })), cursor: z.string().optional() });
/** What came in one batch is on more than one page. */
const pages = 3;

/**
 * Runs `skyflow up` against a simulated network at `rate` events a second, with a feed of the newest posts, and looks at its
 * first page twenty times a second, as a client does that pulls down to refresh.
 */
export const measureFreshness = async (rate: number, seconds: number): Promise<Freshness> => {
  const folder = await mkdtemp(join(tmpdir(), 'skyflow-bench-fresh-'));
  const simulation = await simulate({
    port: 0,
    host: '127.0.0.1',
    rate,
    seed: 11,
    accounts: 5_000,
    historyMs: 0,
    log: { info: () => undefined },
  });
  const [port, metricsPort] = [await freePort(), await freePort()];
  const feedsDir = fileURLToPath(new URL('.', import.meta.url));
  const places = ['--data-dir', folder, '--feeds-dir', feedsDir, '--log-level', 'warn'];
  const ports = ['--port', String(port), '--metrics-port', String(metricsPort)];
  const run = startSkyflow(['up', '--jetstream', simulation.url, ...places, ...ports]);
  try {
    await untilReady(metricsPort);
    return await watch(simulation.url, port, seconds);
  } finally {
    run.child.kill('SIGTERM');
    await run.ended;
    await simulation.stop();
    await rm(folder, { recursive: true, force: true });
  }
};

const untilReady = async (metricsPort: number): Promise<void> => {
  for (let tries = 0; tries < 240; tries += 1) {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/ready`).catch(() => undefined);
    if (response?.ok === true) return;
    await systemClock.sleep(250);
  }
  throw new Error('skyflow up is not ready after a minute');
};

const watch = async (jetstream: string, port: number, seconds: number): Promise<Freshness> => {
  const sentMs = new Map<string, number>();
  const tookMs: number[] = [];
  const startedMs = performance.now() + settleMs;
  const endMs = startedMs + seconds * 1_000;
  const socket = new WebSocket(jetstream, { perMessageDeflate: false });
  socket.on('message', (data: Buffer) => {
    const nowMs = performance.now();
    if (nowMs < startedMs || nowMs > endMs) return;
    const read = frame.safeParse(JSON.parse(data.toString('utf8')));
    if (!read.success) return;
    const { did, commit } = read.data;
    sentMs.set(`at://${did}/${commit.collection}/${commit.rkey}`, nowMs);
  });
  const feed = `at://did:web:localhost%3A${port}/app.bsky.feed.generator/newest`;
  const url = `http://127.0.0.1:${port}/xrpc/app.bsky.feed.getFeedSkeleton?feed=${encodeURIComponent(feed)}&limit=100`;
  while (performance.now() < endMs + graceMs && (performance.now() < endMs || sentMs.size > 0)) {
    let cursor: string | undefined;
    for (let at = 0; at < pages; at += 1) {
      const response = await fetch(cursor === undefined ? url : `${url}&cursor=${cursor}`);
      if (!response.ok) throw new Error(`getFeedSkeleton answers ${response.status}: ${await response.text()}`);
      const seenMs = performance.now();
      const read = page.parse(await response.json());
      const found = read.feed.filter(({ post }) => sentMs.has(post));
      for (const { post } of found) {
        tookMs.push(seenMs - (sentMs.get(post) ?? Number.NaN));
        sentMs.delete(post);
      }
      cursor = read.cursor;
      // Whole pages of what was not there before: there is more of it.
      if (cursor === undefined || found.length < read.feed.length / 2) break;
    }
    await systemClock.sleep(pollMs);
  }
  socket.terminate();
  return { tookMs, missing: sentMs.size };
};

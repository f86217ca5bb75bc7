import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import { parseJson } from '#pkg/runtime/json.ts';
import { aborted } from '#pkg/runtime/waiting.ts';
import { lensText } from '../lens/lens-text.ts';
import { fit, plain, widthOf, wrap } from '../lens/width.ts';
import { analysisFrame, type SseFrame } from '../sse-client.ts';
import { type AnalysisAnswer, ApiClient } from './api-client.ts';
import { earnedBy, earnedText } from './earned.ts';

export interface TourParts {
  readonly store: ClickHouse;
  /** Whether the index shows the present. */
  readonly caughtUp: () => boolean;
  /** Signs a demo user in without a PDS, which an invented account has none of; resolves with an access token. */
  readonly signIn: (user: { did: string; handle: string | null }) => Promise<string>;
  /** So that the first scores are compared with what is there now. */
  readonly refreshReferences: () => Promise<void>;
  /** Where this process listens. */
  readonly listening: Promise<{ base: string }>;
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly show: (text: string) => void;
  readonly terminal: { readonly color: boolean; readonly width: number };
}

const busiest = defineQuery<Record<string, never>, { did: string; handle: string; skypoints: number }>({
  name: 'demo_busiest',
  sql: readSql(import.meta.url, 'busiest.sql'),
});

/** What was earned is shown as one table instead. */
const countingFrames = new Set(['xp_earned', 'achievement_unlocked', 'level_up']);
const lookEveryMs = 1_000;
/** A world as small as the demo's needs that many reactions to one account before its lenses show something. */
const enoughSkypoints = 20;
/** After so long whatever there is will do. */
const patienceMs = 60_000;
const eventsTimeoutMs = 60_000;
/** All of our frames are shorter; a surprise must not fill the terminal. */
const mostDataColumns = 500;

/** Once there is data: a signed-in user, the four lenses over REST, and the events that arrive meanwhile. Ends nothing. */
export const demoTour = (parts: TourParts): Service => ({
  name: 'demo tour',
  run: async (signal) => {
    try {
      await guide(parts, signal);
    } catch (error) {
      // The demo itself runs on: the index and the API are there to be looked at.
      if (!signal.aborted) parts.log.warn({ err: error }, 'the tour of the demo broke off');
      else if (!isAbortError(error)) throw error;
    }
    await aborted(signal);
    await rm(tokenFile(parts), { force: true });
  },
});

const tokenFile = ({ dataDir }: TourParts): string => join(dataDir, 'demo-token');

const guide = async (parts: TourParts, signal: AbortSignal): Promise<void> => {
  const { show, terminal } = parts;
  const { base } = await parts.listening;
  const { user, token, analyses, frames, earned } = await visit(parts, base, signal);
  const name = plain(user.handle ?? user.did);
  show(introduction(name, terminal.width));
  for (const analysis of analyses) {
    if (analysis.status === 'completed') show(`\n${lensText(analysis.result, terminal)}`);
    else show(`\nAn analysis ended as ${analysis.status}.\n`);
  }
  show(`\n${liveTitle}\n\n${frames.map((frame) => frameText(frame, terminal.width)).join('')}`);
  show(earnedText(earned, terminal.width));
  await writeFile(tokenFile(parts), token, { mode: 0o600 });
  show(closing(base, { name, file: tokenFile(parts), dataDir: parts.dataDir }));
};

/** Somebody signed in who asked all lenses. The network goes on: one who left it since being chosen is passed over. */
const visit = async (parts: TourParts, base: string, signal: AbortSignal) => {
  for (;;) {
    const user = await findUser(parts, signal);
    const token = await parts.signIn(user);
    await parts.refreshReferences();
    const found = await askAll(base, { token, clock: parts.clock }, signal);
    if (!found.analyses.some(isOfNobody)) return { user, token, ...found };
    parts.log.info({ did: user.did }, 'the account has left the network meanwhile; the tour takes another');
  }
};

const isOfNobody = (analysis: AnalysisAnswer): boolean =>
  analysis.status === 'completed' && analysis.result.notices.some(({ code }) => code === 'account_inactive');

const askAll = async (
  base: string,
  { token, clock }: { readonly token: string; readonly clock: Clock },
  signal: AbortSignal,
) => {
  const done = new AbortController();
  const ended = AbortSignal.any([signal, done.signal, AbortSignal.timeout(eventsTimeoutMs)]);
  const client = new ApiClient(base, token, ended);
  try {
    const { frames, completed } = await watchEvents(client, signal);
    const analyses: AnalysisAnswer[] = [];
    for (const id of completed) analyses.push(await client.analysis(id));
    const earned = await earnedBy(client, completed, { clock, signal });
    return { frames, analyses, earned };
  } finally {
    done.abort();
  }
};

/** Opens the events, asks all four lenses, and waits until each has been announced. Ids in the order of the lenses. */
const watchEvents = async (client: ApiClient, signal: AbortSignal) => {
  const frames: SseFrame[] = [];
  let asked: string[] = [];
  const waiting = new Set<string>();
  for await (const frame of client.events()) {
    signal.throwIfAborted();
    if (!countingFrames.has(frame.event)) frames.push(frame);
    if (frame.event === 'connected') {
      // Asked only now, so that no event can come before somebody listens.
      asked = [];
      for (const lens of LENSES) asked.push(await client.analyze(lens));
      for (const id of asked) waiting.add(id);
    }
    const about = analysisFrame.safeParse(parseJson(frame.data));
    if (about.success) waiting.delete(about.data.analysis_id);
    if (asked.length > 0 && waiting.size === 0) break;
  }
  return { frames, completed: asked };
};

const findUser = async ({ store, caughtUp, clock }: TourParts, signal: AbortSignal) => {
  const startMs = clock.nowMs();
  for (;;) {
    await clock.sleep(lookEveryMs, signal);
    if (!caughtUp()) continue;
    const [found] = await store.query(busiest, {});
    if (found === undefined) continue;
    if (found.skypoints < enoughSkypoints && clock.nowMs() - startMs < patienceMs) continue;
    return { did: found.did, handle: found.handle === '' ? null : found.handle };
  }
};

const introduction = (name: string, width: number): string => {
  const sentences = [
    `Signed in as ${name}, the busiest account of this invented network.`,
    'It asks the four lenses, over the API. Each has a score of the account itself, from 0 to 10 against',
    'everybody who is active, and a board of the accounts that it follows. Skypoints are likes, replies and reposts.',
  ];
  return `\n${wrap(sentences.join(' '), Math.min(100, width)).join('\n')}\n`;
};

const liveTitle = 'Each was announced live when it was done, as a server-sent event:';

const frameText = ({ event, id, data }: SseFrame, width: number): string =>
  [
    `event: ${plain(event)}`,
    ...(id === undefined ? [] : [`id: ${plain(id)}`]),
    ...fields(`data: ${fit(plain(data), mostDataColumns)}`, width - 2),
    '\n',
  ]
    .map((line) => (line === '\n' ? line : `  ${line}\n`))
    .join('');

/** A long line of JSON, broken between its fields. */
const fields = (line: string, width: number): string[] => {
  const lines: string[] = [];
  for (const field of line.split(/(?<=,)(?=")/)) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last + field) <= width) lines[lines.length - 1] = last + field;
    else lines.push(last === undefined ? field : `       ${field}`);
  }
  return lines;
};

const closing = (base: string, { name, file, dataDir }: { name: string; file: string; dataDir: string }): string =>
  `Look for yourself, while this runs:

  the index      ${base}/
  the API        ${base}/docs
  any account    npm run skyflow -- analyze --data-dir ${dataDir} \\
                   ${name}
  a feed         npm run skyflow -- feeds preview flow --data-dir ${dataDir} \\
                   --viewer ${name}
  all feeds      npm run skyflow -- feeds list --data-dir ${dataDir}
                 ${base}/feeds/whats-hot.rss
  what followed  npm run skyflow -- trace --data-dir ${dataDir} ANALYSIS_ID
  any question   npm run skyflow -- sql --data-dir ${dataDir} \\
                   "SELECT handle FROM accounts WHERE active LIMIT 10"

  over HTTP, as the demo user; docs/api.md has more:

    api=${base}
    auth="Authorization: Bearer $(cat ${file})"
    curl -N $api/sse -H "$auth" &
    curl $api/api/v1/timeline/analyze -H "$auth" \\
      -H 'Content-Type: application/json' -d '{"type": "flow", "window": "24h"}'
    curl $api/api/v1/timeline/analyses/ANALYSIS_ID -H "$auth"
    curl $api/api/v1/me/achievements -H "$auth"

The token in ${file} is good for an hour. Ctrl-C ends the demo;
its data stays in ${dataDir}, and the next one goes on from there.

`;

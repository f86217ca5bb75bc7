import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type LensAnswer, LENSES, lensAnswer } from '#pkg/contracts/lens.ts';
import { freePort } from '#pkg/runtime/free-port.ts';
import type { ReferenceAnswer } from '#testing/lenses/answer.ts';
import { bare } from '#testing/lenses/compare.ts';
import { firstMs, referenceAt } from '#testing/lenses/indexed.ts';
import { framesOf, toldAnything } from '#testing/lenses/told.ts';
import { compareAnswers } from '#testing/oracle/compare.ts';
import { type Simulation, simulate } from '#testing/simulator/cli.ts';
import { runSkyflow, type SkyflowProcess, startSkyflow } from './e2e-process.ts';
import { type PdsDouble, startPdsDouble } from './pds-double.ts';
import { analysisFrame, readSse, type SseFrame } from './sse-client.ts';

/** The whole way of an analysis, through one process with all four embedded stores, as a client sees it. */

const patient = { timeout: 60_000, interval: 100 };
const password = 'abcd-efgh-ijkl-mnop';

let folder: string;
let dataDir: string;
let simulation: Simulation;
let pds: PdsDouble;
let running: SkyflowProcess | undefined;
let base: string;
/** The account with most reactions, and what it signs in with. */
let did: string;
let accessToken: string;
let refreshToken: string;

const readyAt = async (port: number): Promise<number> => {
  if (running?.child.exitCode !== null) throw new Error(`it ended: ${running?.stderr()}`);
  return (await fetch(`http://127.0.0.1:${port}/ready`).catch(() => undefined))?.status ?? 0;
};

const busiest = `SELECT did FROM recent_posts_with_score GROUP BY did HAVING sum(likes + replies + reposts) > 5
  ORDER BY sum(likes + replies + reposts) DESC, did LIMIT 1`;

const sql = async (query: string): Promise<string> => {
  const { stdout } = await runSkyflow(['sql', query, '--format', 'TSVRaw', '--data-dir', dataDir]);
  return stdout.trim();
};

/** The world stands still from here on, and is indexed: nobody leaves it between being chosen and being asked about. */
const untilStill = async (): Promise<void> => {
  simulation.feed.setRate(0);
  const indexedUs = async (): Promise<number> => Number(await sql('SELECT max(cursor_us) FROM ingest_log'));
  await expect.poll(async () => (await indexedUs()) === simulation.frames.newestUs, patient).toBe(true);
  // And what scores are compared with is of the world as it stands.
  const stillMs = Date.now();
  const made = `SELECT toUnixTimestamp64Milli(computed_at) FROM lens_references FINAL WHERE time_window = '48h'`;
  await expect.poll(async () => Number(await sql(made)), patient).toBeGreaterThan(stillMs);
};

/** What an independent model of the frames that were indexed answers, to the last field: the first start begins with the present. */
const expected = async (result: LensAnswer): Promise<ReferenceAnswer> => {
  const sinceUs = Number(await sql('SELECT min(first_time_us) FROM ingest_log'));
  const all = framesOf(simulation.frames);
  const frames = all.slice(all.findIndex((text) => text.includes(`"time_us":${sinceUs},`)));
  const reference = referenceAt(toldAnything(frames), Date.parse(result.to), firstMs(frames));
  return reference.answer({ did, lens: result.lens, window: result.window, audience: result.audience });
};

/** All time windows have accounts to compare with. */
const readyToScore = 'SELECT count() = 4 FROM lens_references FINAL WHERE accounts > 0';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-analysis-'));
  dataDir = join(folder, 'data');
  pds = await startPdsDouble();
  const log = { info: () => undefined };
  simulation = await simulate({
    port: 0,
    host: '127.0.0.1',
    rate: 300,
    seed: 11,
    accounts: 200,
    historyMs: 300_000,
    log,
  });
});

afterAll(async () => {
  running?.child.kill('SIGKILL');
  await running?.ended;
  await simulation.stop();
  await pds[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

const call = async (
  method: string,
  path: string,
  { body, token, headers = {} }: { body?: object; token?: string; headers?: Record<string, string> } = {},
): Promise<Answer> => {
  const response = await fetch(base + path, {
    method,
    headers: {
      ...headers,
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
};

const tokens = z.object({ access_token: z.string(), refresh_token: z.string(), expires_at: z.iso.datetime() });

test('up begins to serve, and knows who is busy', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  base = `http://127.0.0.1:${port}`;
  const ports = ['--port', String(port), '--metrics-port', String(metricsPort)];
  const identities = ['--plc-url', pds.url, '--allow-private-hosts'];
  const source = ['--jetstream', simulation.url, '--look-back', '1h', '--data-dir', dataDir];
  running = startSkyflow(['up', ...source, ...ports, ...identities], { SKYFLOW_PUBLIC_URL: base });
  await expect.poll(() => readyAt(metricsPort), patient).toBe(200);
  await expect.poll(() => sql(busiest), patient).toMatch(/^did:plc:/);
  await expect.poll(() => sql(readyToScore), patient).toBe('1');
  await untilStill();
  did = await sql(busiest);
  pds.add(did, password);
});

describe('signing in', () => {
  test('with the wrong password is a 401 in the shape of every error, and leaves nothing behind', async () => {
    const answer = await call('POST', '/api/v1/auth/login', { body: { identifier: did, password: 'wrong' } });
    expect(answer).toMatchObject({ status: 401, body: { error: expect.any(String), message: expect.any(String) } });
    expect(answer.body).toHaveProperty('request_id', answer.headers.get('x-request-id'));
    expect(pds.openSessions()).toBe(0);
  });

  test('asks the account’s own PDS, closes the session there, and gives tokens of ours', async () => {
    const { status, body } = await call('POST', '/api/v1/auth/login', { body: { identifier: did, password } });
    expect(status, JSON.stringify(body)).toBe(200);
    ({ access_token: accessToken, refresh_token: refreshToken } = tokens.parse(body));
    expect(pds.openSessions()).toBe(0);
    expect(await call('GET', '/api/v1/me', { token: accessToken })).toMatchObject({ body: { did, tier: 'drift' } });
  });
});

const analysisBody = z.object({ status: z.literal('completed'), result: lensAnswer });

describe('an analysis', () => {
  const done: string[] = [];

  test.each(LENSES)(
    '%s: 202, the stream says completed with the request’s id, and GET has the answer',
    async (type) => {
      const ticket = z
        .object({ ticket: z.string() })
        .parse((await call('POST', '/api/v1/sse/ticket', { token: accessToken })).body).ticket;
      const requestId = randomUUID();
      let id: string | undefined;
      const frames: SseFrame[] = [];
      for await (const frame of readSse(`${base}/sse?ticket=${ticket}`, AbortSignal.timeout(60_000))) {
        frames.push(frame);
        if (frame.event === 'connected') {
          const headers = { 'x-request-id': requestId };
          const accepted = await call('POST', '/api/v1/timeline/analyze', {
            body: { type },
            token: accessToken,
            headers,
          });
          expect(accepted.status, JSON.stringify(accepted.body)).toBe(202);
          expect(accepted.headers.get('x-request-id')).toBe(requestId);
          id = z.object({ analysis_id: z.uuid() }).parse(accepted.body).analysis_id;
        }
        if (frame.event === 'analysis_completed' || frame.event === 'analysis_failed') break;
      }
      const last = frames.at(-1) as SseFrame;
      expect(last.event, last.data).toBe('analysis_completed');
      expect(last.id).toMatch(/^\S+-\d+$/);
      expect(analysisFrame.parse(JSON.parse(last.data))).toEqual({ analysis_id: id, type, correlation_id: requestId });

      const { status, body } = await call('GET', `/api/v1/timeline/analyses/${id}`, { token: accessToken });
      expect(status).toBe(200);
      const { result } = analysisBody.parse(body);
      expect(result).toMatchObject({ lens: type, window: '48h', audience: 'following', subject: { did } });
      expect(compareAnswers(await expected(result), bare(result))).toEqual({ total: 0, messages: [] });
      // The account posted and follows others, or it would not have been chosen: an empty answer would be a wrong one.
      expect(result.board?.lens, JSON.stringify(result.notices)).toBe(type);
      expect(result.score?.parts.length, JSON.stringify(result.notices)).toBeGreaterThan(1);
      expect(result.share === null).toBe(type !== 'pulse');
      done.push(id ?? '');
    },
  );

  test('belongs to whoever asked, and stands in their history', async () => {
    const history = await call('GET', '/api/v1/timeline/analyses', { token: accessToken });
    const listed = z.object({ analyses: z.array(z.object({ analysis_id: z.string() })) }).parse(history.body).analyses;
    expect(listed.map((one) => one.analysis_id)).toEqual(done.toReversed());
    expect((await call('GET', `/api/v1/timeline/analyses/${done[0]}`)).status).toBe(401);
    const never = await call('GET', `/api/v1/timeline/analyses/${randomUUID()}`, { token: accessToken });
    expect(never.status).toBe(404);
  });
});

describe('the same port', () => {
  test('has the reference of the API, as a document and as a page without anything from elsewhere', async () => {
    const { body } = await call('GET', '/openapi.json');
    expect(body).toMatchObject({ openapi: expect.stringMatching(/^3\.1/), servers: [{ url: base }] });
    expect(Object.keys((body as { paths: object }).paths)).toContain('/api/v1/timeline/analyze');
    const page = await call('GET', '/docs');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
    const [, script = ''] = /src="(\/docs\/swagger[^"]+)"/.exec(String(page.body)) ?? [];
    expect((await call('GET', script)).status).toBe(200);
  });

  test('has the public keys, the status page, and a 404 of each part for what is not there', async () => {
    const keys = await call('GET', '/.well-known/jwks.json');
    expect(keys.body).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256' }] });
    expect(JSON.stringify(keys.body)).not.toMatch(/"(?:d|p|q)":/);
    expect(String((await call('GET', '/')).body)).toContain('<html');
    expect(await call('GET', '/api/v1/nothing')).toMatchObject({
      status: 404,
      body: { request_id: expect.any(String) },
    });
    expect((await call('GET', '/sse')).status).toBe(401);
  });
});

describe('the operator', () => {
  const analyze = (...args: string[]) => runSkyflow(['analyze', did, '--data-dir', dataDir, ...args]);

  test('asks the running process without an account: for programs', async () => {
    const { code, stdout, stderr } = await analyze('--json', '--window', '24h');
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const { answers } = z.object({ answers: z.array(lensAnswer) }).parse(JSON.parse(stdout));
    expect(answers.map(({ lens, window }) => [lens, window])).toEqual(LENSES.map((lens) => [lens, '24h']));
  });

  test('and for people, by a handle that only the index knows', async () => {
    const query = `SELECT handle FROM recent_posts_with_score WHERE handle != '' ORDER BY likes DESC, handle LIMIT 1`;
    const handle = await sql(query);
    const { stdout, stderr } = await runSkyflow(['analyze', handle, '--type', 'clout', '--data-dir', dataDir]);
    expect(stderr).toBe('');
    expect(stdout.split('\n').slice(0, 2)).toEqual([`Clout  @${handle}`, expect.stringMatching(/^48 hours, /)]);
    // The account posted, or it would not have been found so.
    expect(stdout).toMatch(/\d of 10 {2}/);
  });

  test('is told in a sentence that an account is not known', async () => {
    const unknown = await runSkyflow(['analyze', 'nobody.example.com', '--data-dir', dataDir]);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toMatch(
      /^Error: This index has seen no account with the handle nobody\.example\.com, and .*\nCheck /,
    );
  });
});

test('signing out ends the session at once, and stopping ends everything cleanly', async () => {
  const next = await call('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken } });
  const { access_token: token } = tokens.parse(next.body);
  expect((await call('POST', '/api/v1/auth/logout', { token })).status).toBe(204);
  expect((await call('GET', '/api/v1/me', { token })).status).toBe(401);
  expect((await call('GET', '/api/v1/me', { token: accessToken })).status).toBe(401);
  expect(running?.stderr(), 'no secret in the log').not.toMatch(new RegExp(`${password}|${refreshToken}|${token}`));
  running?.child.kill('SIGTERM');
  expect(await running?.ended, running?.stderr()).toBe(0);
});

test('the operator can ask without a running process too', async () => {
  const { code, stdout, stderr } = await runSkyflow([
    'analyze',
    did,
    '--type',
    'kudos',
    '--data-dir',
    dataDir,
    '--json',
  ]);
  expect(code, stderr).toBe(0);
  const [answer] = z.object({ answers: z.array(lensAnswer) }).parse(JSON.parse(stdout)).answers;
  expect(answer?.board?.lens, JSON.stringify(answer?.notices)).toBe('kudos');
  expect(answer?.score, JSON.stringify(answer?.notices)).not.toBeNull();
});

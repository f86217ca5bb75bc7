import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Notice } from '#pkg/contracts/lens.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { answerWith } from '../lens/answers-for-tests.ts';
import { demoTour } from './tour.ts';

let folder: string;
let server: Server;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-tour-'));
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** An API whose token is the account's name: answers at once, with the notices that the account has by then. */
const serveApi = async (noticesOf: (account: string) => Notice[]): Promise<string> => {
  const asked = new Map<string, string>();
  let tell: (id: string) => unknown = () => undefined;
  server = createServer((request, response) => {
    const account = request.headers.authorization?.replace('Bearer ', '') ?? '';
    const json = (value: unknown): void => void response.end(JSON.stringify(value));
    if (request.url === '/api/v1/sse/ticket') json({ ticket: 'x' });
    else if (request.url?.startsWith('/sse') === true) {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: connected\ndata: {}\n\n');
      tell = (id) =>
        response.write(
          `event: analysis_completed\ndata: {"analysis_id":"${id}","type":"flow","correlation_id":"c"}\n\n`,
        );
    } else if (request.url === '/api/v1/timeline/analyze') {
      const id = randomUUID();
      asked.set(id, account);
      json({ analysis_id: id });
      tell(id);
    } else if (request.url?.startsWith('/api/v1/me/xp') === true) {
      const row = (id: string, at: number) => ({
        event_id: id,
        xp_delta: 30,
        xp_total: 30 * (at + 1),
        reason: 'Analysis',
      });
      json({ xp: [...asked.keys()].map(row).toReversed() });
    } else {
      const of = asked.get(request.url?.split('/').at(-1) ?? '') ?? '';
      const subject = { did: 'did:plc:ewvi7nxzyoun6zhxrhs64oiz', handle: `${of}.example.com` };
      json({ status: 'completed', result: answerWith({ subject, notices: noticesOf(of) }) });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

test('an account that leaves the network after it was chosen is passed over for the next', async () => {
  const notice: Notice = { code: 'account_inactive', message: 'That account is not active.' };
  const base = await serveApi((account) => (account === 'gone' ? [notice] : []));
  const busiest = ['gone', 'here'];
  const shown: string[] = [];
  const stop = new AbortController();
  const tour = demoTour({
    store: {
      query: async () => [{ did: `did:plc:${busiest[0]}`, handle: busiest.shift(), skypoints: 99 }],
    } as unknown as ClickHouse,
    caughtUp: () => true,
    signIn: async ({ handle }) => handle ?? '',
    refreshReferences: async () => undefined,
    listening: Promise.resolve({ base }),
    dataDir: folder,
    clock: { nowMs: () => 0, sleep: async () => undefined },
    log: createLogger({ level: 'silent' }),
    show: (text) => void shown.push(text),
    terminal: { color: false, width: 100 },
  });
  const run = tour.run(stop.signal);
  await vi.waitFor(() => expect(shown.join('')).toContain('Look for yourself'), { timeout: 20_000 });
  stop.abort();
  await run;
  expect(shown.join('')).toMatch(/^\nSigned in as here,/);
  expect(shown.join('')).not.toContain('gone');
  expect(shown.join('')).toMatch(/ \+30 {2}Analysis +30\n/);
  expect(shown.join('').match(/@here\.example\.com/g)).toHaveLength(4);
});

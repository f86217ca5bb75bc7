import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RouterAnswer } from '#pkg/admin/router.ts';
import { serveAdmin } from '#pkg/admin/server.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, publishRaw } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { openThrowawayBus, type ThrowawayBus } from '#pkg/bus/throwaway.ts';
import { readMigrations } from '#pkg/migrate/migration-files.ts';
import { openThrowaway, type ThrowawayPostgres } from '#pkg/postgres/throwaway.ts';
import { createRouter } from '#pkg/router/router.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { runAll } from '#pkg/runtime/lifecycle.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { runSkyflow } from '../e2e-process.ts';
import { createRouterOperator } from './operator.ts';

/** The commands through the socket of a process that routes events, and on stores that nobody has open. */
const log = createLogger({ level: 'silent' });
const migrations = new URL('../../../migrations/postgres', import.meta.url).pathname;
const requestId = '8a7be1f0-3c55-4a11-9a57-0c5bd4a2f7e3';
let folder: string;
let throwaway: ThrowawayPostgres;
let nats: ThrowawayBus;
let stop: () => Promise<void>;

const requested = createEvent(
  EVENTS.timelineRequested,
  { aggregateId: 'analysis-1', correlationId: requestId, nowMs: 1_790_000_000_000 },
  { analysisId: 'analysis-1', userId: 'did:plc:a', subjectDid: 'did:plc:b', type: 'flow', window: '48h', tier: 'lift' },
);
const completed = createEvent(
  EVENTS.timelineCompleted,
  {
    eventId: 'analysis-1',
    aggregateId: 'analysis-1',
    correlationId: requestId,
    causationId: requested.eventId,
    nowMs: 1_790_000_000_012,
  },
  { analysisId: 'analysis-1', type: 'flow', subjectDid: 'did:plc:b', window: '48h', score: 8.7 },
);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skyflow-router-'));
  throwaway = await openThrowaway({ log });
  const { postgres } = throwaway;
  for (const { upSql } of await readMigrations(migrations)) await postgres.script(upSql);
  nats = await openThrowawayBus();
  const { bus } = nats;
  await reconcileStreams(bus, log);
  const router = createRouterOperator({ postgres, bus: async () => bus, clock: systemClock });
  const never = () => Promise.reject(new Error('not asked here'));
  const admin = serveAdmin({ path: join(folder, 'admin.sock'), sql: never, status: never, analyze: never, router });
  const services = createRouter({ postgres, bus, clock: systemClock, log, registry: createMetrics() }).services;
  const controller = new AbortController();
  const run = runAll([...services, admin], { signal: controller.signal, graceMs: 20_000, log });
  stop = async () => {
    controller.abort();
    await run;
  };
  for (const event of [requested, completed]) await createPublisher(bus).publish(event);
  const { subject, bytes } = completed;
  const headers = new Map([
    ['Skyflow-Error', 'division by zero'],
    ['Skyflow-Durable', 'timeline-xp-awarder'],
    ['Skyflow-Attempts', '3'],
  ]);
  await publishRaw(bus, { subject: `dlq.${subject}`, bytes, messageId: 'dlq-TIMELINE-timeline-xp-awarder-2', headers });
  const rows = async () => (await postgres.query('SELECT 1 FROM audit_log')).rows.length;
  await vi.waitFor(async () => expect(await rows()).toBe(3), { timeout: 30_000 });
});

afterAll(async () => {
  await stop();
  await nats.close();
  await throwaway[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const skyflow = (...args: string[]) => runSkyflow([...args, '--data-dir', folder]);

describe('through the running process', () => {
  test('dlq list and show', async () => {
    const list = await skyflow('dlq', 'list', '--subject', 'events.timeline.>', '--since', '1h');
    expect(list.stderr).toBe('');
    expect(list.stdout).toMatch(
      /^ *1 {2}.*events\.timeline\.completed {2}timeline-xp-awarder {2}no +division by zero$/m,
    );
    const show = await skyflow('dlq', 'show', '1');
    expect(show.stdout).toContain('"score": 8.7');
    const json = JSON.parse(
      (await skyflow('dlq', 'show', 'analysis-1', '--json')).stdout,
    ) as RouterAnswer<'dead_letter'>;
    expect(json).toMatchObject({ id: 1, attempts: 3, message: { type: 'flow' }, hex: null });
    const unknown = await skyflow('dlq', 'show', '99');
    expect([unknown.code, unknown.stderr]).toEqual([1, 'Error: There is no dead letter 99.\nTry: skyflow dlq list\n']);
  });

  test('trace, by the analysis; and audit', async () => {
    const { stdout } = await skyflow('trace', 'analysis-1');
    expect(stdout).toContain(`Request ${requestId}\n`);
    expect(stdout).toMatch(/^14:13:20\.000 {2}timeline\.requested {2}analysis analysis-1 {2}flow of did:plc:b/m);
    expect(stdout).toContain('2026-09-21 UTC, 2 events in 12 ms, 1 dead letter\n');
    expect(stdout).toMatch(/^ +\+12 ms {2}└─ timeline\.completed {2}.*score 8\.7$/m);
    expect(stdout).toMatch(/└─ ✗ timeline\.completed {2}dead letter 1: timeline-xp-awarder, 3 attempts/m);
    const unknown = await skyflow('trace', 'nobody');
    expect(unknown.stderr).toMatch(/^Error: Nothing is known of nobody\.\n.*skyflow audit/);
    const audit = await skyflow('audit', '--about', 'analysis-1', '--json');
    expect((JSON.parse(audit.stdout) as RouterAnswer<'audit'>).entries).toHaveLength(3);
  });

  test('replay: first dry, then once, then only with --again', async () => {
    const taken = async () => (await nats.bus.jsm.streams.info('TIMELINE')).state.last_seq;
    const before = await taken();
    const dry = await skyflow('replay', '--since', '1h', '--dry-run');
    expect(dry.stdout).toContain('Would replay 1 dead letter. Nothing was done.\n  events.timeline.completed  1\n');
    expect(await taken()).toBe(before);
    expect((await skyflow('replay', '--event-id', 'analysis-1')).stdout).toContain('Replayed 1 dead letter.');
    expect(await taken()).toBe(before + 1);
    expect((await skyflow('replay', '--subject', '>')).stdout).toContain('Nothing replayed.');
    const again = await skyflow('replay', '--subject', 'events.timeline.completed', '--again', '--json');
    expect(JSON.parse(again.stdout)).toMatchObject({ count: 1 });
    expect(await taken()).toBe(before + 2);
    expect((await skyflow('trace', requestId)).stdout).toContain('↻ timeline.completed  replay 2 of dead letter 1');
  });

  test('what is wrong is said, with what to do next', async () => {
    expect((await skyflow('replay')).stderr).toContain('--event-id ID');
    expect((await skyflow('replay', '--event-id', 'x')).stderr).toBe(
      'Error: There is no dead letter of the event x.\nTry: skyflow dlq list\n',
    );
    expect((await skyflow('replay', '--since', 'yesterday')).stderr).toContain('2026-01-31T09:05Z');
    expect((await skyflow('dlq', 'list', '--subject', 'events.*.x')).stderr).toContain('events.timeline.>');
  });
});

test('without a running process: from the folder itself', async () => {
  const own = join(folder, 'own');
  const empty = await runSkyflow(['dlq', 'list', '--data-dir', own]);
  expect(empty.stderr).toContain(`There is no data in ${own} yet.`);
  const migrated = await runSkyflow(['migrate', 'up', '--store', 'postgres', '--data-dir', own]);
  expect(migrated.code).toBe(0);
  expect((await runSkyflow(['dlq', 'list', '--data-dir', own])).stdout).toBe('There are no dead letters.\n');
  const replay = await runSkyflow(['replay', '--subject', '>', '--data-dir', own]);
  expect(replay.stdout).toBe('There is no such dead letter. Try: skyflow dlq list\n');
});

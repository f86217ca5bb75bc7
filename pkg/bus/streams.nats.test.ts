import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { DURABLES, ensureStream, reconcileStreams, STREAMS } from '#pkg/bus/streams.ts';
import { findExecutable } from '#pkg/runtime/find-executable.ts';
import { createLogger } from '#pkg/runtime/log.ts';

const log = createLogger({ level: 'silent' });
const names = [...Object.keys(STREAMS), ...DURABLES.map(({ stream, durable }) => `${stream}/${durable}`)];
const folder = mkdtempSync(join(tmpdir(), 'skyflow-streams-'));
let bus: Bus;

describe.skipIf(findExecutable(['nats-server']) === undefined)('reconcileStreams', () => {
  beforeAll(async () => {
    bus = await openBus({ log, dataDir: folder });
  });

  afterAll(async () => {
    await bus.close();
    rmSync(folder, { recursive: true, force: true });
  });

  beforeEach(async () => {
    for await (const { config } of bus.jsm.streams.list()) await bus.jsm.streams.delete(config.name);
  });

  it('makes every stream and durable, and the second time changes nothing', async () => {
    expect(await reconcileStreams(bus, log)).toEqual({ created: names, updated: [], unchanged: [], differences: [] });
    expect(await reconcileStreams(bus, log)).toEqual({ created: [], updated: [], unchanged: names, differences: [] });
  });

  it('gives streams and durables the limits of the specification', async () => {
    await reconcileStreams(bus, log);
    const config = async (name: string) => (await bus.jsm.streams.info(name)).config;
    const day = nanos(86_400_000);
    expect(await config('USER')).toMatchObject({
      max_age: 365 * day,
      max_msgs: 1_000_000,
      max_bytes: 10 * 1024 ** 3,
      duplicate_window: nanos(120_000),
      storage: StorageType.File,
      retention: RetentionPolicy.Limits,
    });
    expect(await config('SUBSCRIPTION')).toMatchObject({ max_age: 730 * day, duplicate_window: nanos(300_000) });
    expect(await config('TIMELINE')).toMatchObject({
      max_age: 7 * day,
      max_msg_size: 5 * 1024 ** 2,
      duplicate_window: nanos(60_000),
      storage: StorageType.File,
      retention: RetentionPolicy.Interest,
    });
    expect(await config('GAMIFICATION')).toMatchObject({
      max_age: 365 * day,
      max_msgs: 5_000_000,
      max_bytes: 50 * 1024 ** 3,
      duplicate_window: nanos(30_000),
      subjects: ['events.gamification.>', 'events.xp.>', 'events.achievement.>', 'events.streak.>'],
    });
    const memory = { storage: StorageType.Memory, max_age: nanos(300_000), duplicate_window: nanos(10_000) };
    expect(await config('REALTIME')).toMatchObject(memory);
    expect(await config('DLQ')).toMatchObject({ subjects: ['dlq.>'], max_age: 30 * day });
    expect((await bus.jsm.consumers.info('TIMELINE', 'timeline-processor')).config).toMatchObject({
      ack_policy: 'explicit',
      ack_wait: nanos(60_000),
      max_ack_pending: 100,
      max_deliver: -1,
      filter_subject: 'events.timeline.requested',
    });
  });

  it('changes what may be changed, and reports what may not', async () => {
    await reconcileStreams(bus, log);
    await bus.jsm.streams.update('USER', { max_msgs: 5, subjects: ['events.user.>', 'events.other.>'] });
    await bus.jsm.consumers.update('USER', 'user-indexer', { ack_wait: nanos(5_000), max_deliver: 3 });
    await bus.jsm.streams.delete('DLQ');
    await bus.jsm.streams.add({ name: 'DLQ', subjects: ['dlq.>'], storage: StorageType.Memory });
    const report = await reconcileStreams(bus, log);
    expect(report.updated).toEqual(['USER', 'DLQ', 'USER/user-indexer']);
    expect(report.created).toEqual(['DLQ/event-router']);
    expect(report.differences).toEqual([
      { name: 'DLQ', field: 'storage', wanted: 'file', found: 'memory', why: 'cannot be changed once it exists' },
    ]);
    expect((await bus.jsm.streams.info('USER')).config).toMatchObject({
      max_msgs: 1_000_000,
      subjects: ['events.user.>'],
    });
    expect((await reconcileStreams(bus, log)).updated).toEqual([]);
  });

  it('reports a refusal in the words of the server, and goes on with the others', async () => {
    await bus.jsm.streams.add({ name: 'OLD', subjects: ['events.user.registered'] });
    const { created, differences } = await reconcileStreams(bus, log);
    expect(differences.map(({ name }) => name)).toEqual(['USER', 'USER/user-indexer', 'USER/event-router']);
    expect(differences[0]?.why).toMatch(/overlap/);
    expect(created).toContain('TIMELINE/event-router');
  });

  it('keeps what an operator set and the table does not know', async () => {
    await reconcileStreams(bus, log);
    await bus.jsm.streams.update('USER', { description: 'ours' });
    await bus.jsm.streams.update('USER', { max_msgs: 5 });
    await reconcileStreams(bus, log);
    expect((await bus.jsm.streams.info('USER')).config).toMatchObject({ description: 'ours', max_msgs: 1_000_000 });
  });

  it('may be done by several processes at once', async () => {
    const others = await Promise.all([1, 2, 3].map(() => openBus({ log, url: bus.url })));
    const reports = await Promise.all([bus, ...others].map((one) => reconcileStreams(one, log)));
    await Promise.all(others.map((other) => other.close()));
    for (const { differences, updated } of reports) expect([differences, updated]).toEqual([[], []]);
    expect((await reconcileStreams(bus, log)).unchanged).toEqual(names);
  });

  it('keeps an event of TIMELINE until every durable that wants it has it', async () => {
    await reconcileStreams(bus, log);
    await bus.js.publish('events.timeline.requested', 'x');
    const held = async () => (await bus.jsm.streams.info('TIMELINE')).state.messages;
    for (const durable of ['timeline-processor', 'event-router']) {
      expect(await held()).toBe(1);
      const message = await (await bus.js.consumers.get('TIMELINE', durable)).next({ expires: 5_000 });
      await message?.ackAck();
    }
    expect(await held()).toBe(0);
  });

  it('makes one stream anew with its durables', async () => {
    await reconcileStreams(bus, log);
    await bus.jsm.streams.delete('REALTIME');
    expect((await ensureStream(bus, 'REALTIME', log)).created).toEqual(['REALTIME', 'REALTIME/realtime-gateway']);
  });
});

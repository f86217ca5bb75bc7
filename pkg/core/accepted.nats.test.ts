import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { reconcileStreams } from '#pkg/bus/streams.ts';
import { ManualClock, systemClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { OutboxRelay } from '#pkg/outbox/relay.ts';
import { CLAIM_MS, claimEvents } from '#pkg/outbox/table.ts';
import { createTestCore, openTestStores, running, type TestCore, type TestStores } from './core-for-tests.ts';

const log = createLogger({ level: 'silent' });
const TIMELINE = 'TIMELINE';
let stores: TestStores;
let bus: Bus;
beforeAll(async () => {
  stores = await openTestStores();
  bus = await openBus({ dataDir: stores.folder, log });
  await reconcileStreams(bus, log);
});
afterAll(async () => {
  await bus.close();
  await stores[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await stores.redis.redis.flushall();
  await stores.postgres.script('TRUNCATE outbox, analysis_requests');
});
const resume: (() => void)[] = [];
afterEach(() => {
  for (const one of resume.splice(0)) one();
});

/** NATS neither answers nor closes its connections, as behind a cable that was pulled. */
async function freezeNats(): Promise<() => void> {
  const pid = Number(readFileSync(join(stores.folder, 'nats', 'server.pid'), 'utf8'));
  process.kill(pid, 'SIGSTOP');
  const thaw = () => void process.kill(pid, 'SIGCONT');
  resume.push(thaw);
  // A signal to a process of several threads takes a moment.
  await expect.poll(() => readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^State:\s*T/m);
  return thaw;
}

/** All analyses that the stream was asked for since `fromSequence`, oldest first. */
async function requestedSince(fromSequence: number): Promise<string[]> {
  const ids: string[] = [];
  const { state } = await bus.jsm.streams.info(TIMELINE);
  for (let seq = fromSequence + 1; seq <= state.last_seq; seq += 1) {
    const message = await bus.jsm.streams.getMessage(TIMELINE, { seq });
    if (message?.subject !== EVENTS.timelineRequested.subject) continue;
    ids.push(decodeEvent(EVENTS.timelineRequested, message.data).message.analysisId);
  }
  return ids;
}

const lastSequence = async () => (await bus.jsm.streams.info(TIMELINE)).state.last_seq;
const pending = async () => {
  const { rows } = await stores.postgres.query<{ n: number }>('SELECT count(*) AS n FROM outbox');
  return rows[0]?.n;
};
/** Asks again and again, a second of the clock apart: the relay sleeps between its rounds, and the stores answer in real time. */
const ticking =
  <T>(clock: ManualClock, ask: () => Promise<T>) =>
  async (): Promise<T> => {
    await clock.advance(1_000);
    return ask();
  };
const analyze = async (core: TestCore, token: string): Promise<string> => {
  const { status, body } = await core.ask('/api/v1/timeline/analyze', { token, body: { type: 'flow' } });
  expect(status).toBe(202);
  return body.analysis_id as string;
};
const relay = (publisher: Publisher, clock = systemClock) =>
  new OutboxRelay({ postgres: stores.postgres, publisher, clock, log, registry: createMetrics() });

describe('an accepted request', () => {
  test('is on the bus at once, under its own id', async () => {
    const core = createTestCore(stores, { publisher: createPublisher(bus) });
    const { token } = await core.signIn('orbit');
    const from = await lastSequence();
    await using _ = running(core.services);
    const id = await analyze(core, token);
    await expect.poll(() => requestedSince(from)).toEqual([id]);
    const message = await bus.jsm.streams.getMessage(TIMELINE, { seq: await lastSequence() });
    const { rows } = await stores.postgres.query<{ request_event_id: string; correlation_id: string }>(
      'SELECT request_event_id, correlation_id FROM analysis_requests WHERE id = $1',
      [id],
    );
    expect(message?.header.get('Nats-Msg-Id')).toBe(rows[0]?.request_event_id);
    expect(message?.header.get('Skyflow-Correlation-Id')).toBe(rows[0]?.correlation_id);
    await expect.poll(pending).toBe(0);
  });

  test('survives a crash between its row and its event', async () => {
    const { token } = await createTestCore(stores).signIn('orbit');
    // Its relay never runs: the process died after the commit.
    const dead = createTestCore(stores, { publisher: createPublisher(bus) });
    const from = await lastSequence();
    const id = await analyze(dead, token);
    expect(await pending()).toBe(1);
    const clock = new ManualClock(Date.now());
    await using _ = running([relay(createPublisher(bus), clock)]);
    await expect.poll(() => clock.sleeping).toBe(1);
    // Nobody takes what its writer may still have in hand.
    expect(await requestedSince(from)).toEqual([]);
    await clock.advance(CLAIM_MS);
    await expect
      .poll(
        ticking(clock, () => requestedSince(from)),
        { timeout: 10_000 },
      )
      .toEqual([id]);
    await expect.poll(ticking(clock, pending), { timeout: 10_000 }).toBe(0);
  });

  test('is published once though the relay died between publishing and noting it', async () => {
    const { token } = await createTestCore(stores).signIn('orbit');
    const core = createTestCore(stores, { publisher: createPublisher(bus) });
    const from = await lastSequence();
    const id = await analyze(core, token);
    const [inHand] = await claimEvents(stores.postgres, Date.now() + CLAIM_MS + 1, 10);
    if (inHand === undefined) throw new Error('there is no event');
    expect(await createPublisher(bus).publish(inHand.event)).toMatchObject({ duplicate: false });
    const clock = new ManualClock(Date.now() + 3 * CLAIM_MS);
    await using _ = running([relay(createPublisher(bus), clock)]);
    await expect.poll(ticking(clock, pending), { timeout: 10_000 }).toBe(0);
    expect(await requestedSince(from)).toEqual([id]);
  });

  test('is accepted while NATS is away, at no more than the usual pace, and is there once NATS is back', async () => {
    const core = createTestCore(stores, { publisher: createPublisher(bus) });
    const { token } = await core.signIn('orbit');
    const from = await lastSequence();
    const thaw = await freezeNats();
    const ids: string[] = [];
    {
      await using _ = running(core.services);
      for (let index = 0; index < 5; index += 1) ids.push(await analyze(core, token));
      expect(await pending()).toBe(5);
      // Longer than the publisher waits for an answer, so that its time-out and another try are part of this.
      await expect
        .poll(async () => /held_up"\} [1-9]/.test(await core.registry.metrics()), { timeout: 20_000, interval: 200 })
        .toBe(true);
      const status = await core.ask(`/api/v1/timeline/analyses/${ids[0]}`, { token });
      expect(status.body).toMatchObject({ status: 'requested' });
      thaw();
      await expect.poll(pending, { timeout: 30_000, interval: 200 }).toBe(0);
    }
    // What was sent into the frozen server and what was sent again have one id: the stream holds each once.
    expect((await requestedSince(from)).toSorted()).toEqual(ids.toSorted());
  });
});

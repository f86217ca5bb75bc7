import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import * as fc from 'fast-check';
import type { SseClient } from './sse-client-for-tests.ts';
import { type Instance, SLOW, World } from './world-for-tests.ts';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterEach(() => world.settle());
afterAll(() => world.close());

const ALICE = 'did:plc:alice';
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const again = (to: Instance, from: SseClient, user = ALICE) =>
  world.connect(to, user, { headers: { 'last-event-id': from.lastEventId } });

const metric = async (to: Instance, name: string): Promise<number> => {
  const found = (await to.registry.getSingleMetric(name)?.get())?.values ?? [];
  return found.reduce((sum, { value }) => sum + value, 0);
};

describe('coming back', () => {
  it('to either instance, again and again, misses nothing and gets nothing twice', async () => {
    const instances = [await world.gateway(), await world.gateway()];
    let client = await world.connect(instances[0] as Instance, ALICE);
    await client.until('connected');
    const seen: unknown[] = [];
    for (let round = 0; round < 6; round += 1) {
      for (const n of upTo(5)) await world.tell({ userId: ALICE, data: { n: round * 10 + n } });
      if (round % 2 === 0) await client.until('analysis_completed');
      client.close();
      seen.push(...client.numbers());
      for (const n of upTo(5)) await world.tell({ userId: ALICE, data: { n: round * 10 + 5 + n } });
      client = await again(instances[(round + 1) % 2] as Instance, client);
      expect(client.status).toBe(200);
    }
    await vi.waitFor(() => expect([...seen, ...client.numbers()]).toHaveLength(60), SLOW);
    expect([...seen, ...client.numbers()]).toEqual(upTo(60));
    expect(client.named('resync')).toEqual([]);
  });

  it('before the first event misses nothing, because connected and heartbeats carry an id', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    await client.until('connected');
    client.close();
    await world.tell({ userId: ALICE, data: { n: 1 } });
    const next = await again(gateway, client);
    await next.until('analysis_completed');
    expect(next.numbers()).toEqual([1]);
  });

  it('may say the id in the query', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    await client.until('connected');
    await world.tell({ userId: ALICE, data: { n: 1 } });
    const next = await world.connect(gateway, ALICE, { query: `?last_event_id=${client.lastEventId}` });
    await next.until('analysis_completed');
  });

  it('to a new process gets what the stream still holds', async () => {
    const first = await world.gateway();
    const client = await world.connect(first, ALICE);
    await client.until('connected');
    await first.stop();
    for (const n of upTo(1_200)) await world.tell({ userId: n % 2 === 0 ? ALICE : 'did:plc:other', data: { n } });
    const next = await again(await world.gateway(), client);
    await next.until('analysis_completed', 600);
    expect(next.numbers()).toEqual(upTo(1_200).filter((n) => n % 2 === 0));
  });

  it.each(['rubbish', '0', '-1', 'x-y', '1-1-1', `m-${'9'.repeat(30)}`, 'zzzzzzzz-1', '\u00ff', '9'.repeat(4_000)])(
    'with %j, which no gateway wrote, is told to look anew',
    async (id) => {
      const gateway = await world.gateway();
      const client = await world.connect(gateway, ALICE, { query: `?last_event_id=${encodeURIComponent(id)}` });
      expect((await client.until('resync')).data).toEqual({ reason: 'unknown_id' });
      await world.tell({ userId: ALICE, data: { n: 'live' } });
      await vi.waitFor(() => expect(client.numbers().at(-1)).toBe('live'), SLOW);
      expect(client.lastEventId).toMatch(/^[0-9a-z]+-\d+$/);
    },
  );

  it('after more than can be replayed is told, and gets the rest', async () => {
    const gateway = await world.gateway({ limits: { historyEvents: 10 } });
    const client = await world.connect(gateway, ALICE);
    await client.until('connected');
    client.close();
    for (const n of upTo(25)) await world.tell({ userId: ALICE, data: { n } });
    await vi.waitFor(() => expect(metric(gateway, 'skyflow_realtime_history_events')).resolves.toBe(10), SLOW);
    const next = await again(gateway, client);
    expect((await next.until('resync')).data).toEqual({ reason: 'expired' });
    await vi.waitFor(() => expect(next.numbers()).toHaveLength(10), SLOW);
    expect(next.numbers()).toEqual(upTo(25).slice(15));
  });
});

describe('trouble', () => {
  it('two instances share the durable; their clients get everything once, while Redis is killed', async () => {
    const instances = [await world.gateway(), await world.gateway()];
    const clients = await Promise.all(instances.map((instance) => world.connect(instance, ALICE)));
    for (const client of clients) await client.until('connected');
    let n = 0;
    for (; n < 200; n += 1) {
      if (n === 50) world.killRedis();
      await world.tell({ userId: ALICE, data: { n } });
    }
    for (const client of clients) await vi.waitFor(() => expect(client.numbers()).toHaveLength(200), SLOW);
    for (const client of clients) expect(client.numbers()).toEqual(upTo(200));
    expect(clients.map(({ ended }) => ended)).toEqual([false, false]);
    await vi.waitFor(() => expect(world.redis.downSinceMs).toBeUndefined(), SLOW);
    expect((await world.bus.bus.jsm.streams.info('DLQ')).state.messages).toBe(0);
    // And pub/sub works again: both instances get from the other what the durable gave it.
    const subscribers = async () => (await world.redis.redis.pubsub('NUMSUB', 'realtime:events'))[1];
    await vi.waitFor(async () => expect(await subscribers()).toBe(2), SLOW);
    await world.tell({ userId: ALICE, data: { n } });
    for (const client of clients) await vi.waitFor(() => expect(client.numbers()).toHaveLength(201), SLOW);
  });

  it('messages that pub/sub lost are read from the stream', async () => {
    const instances = [await world.gateway(), await world.gateway()];
    const clients = await Promise.all(instances.map((instance) => world.connect(instance, ALICE)));
    for (const client of clients) await client.until('connected');
    for (let n = 0; n < 300; n += 1) {
      // A subscriber that is cut off loses whatever is said until it is back.
      if (n % 20 === 0) await world.redis.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await world.tell({ userId: ALICE, data: { n } });
    }
    for (const client of clients) await vi.waitFor(() => expect(client.numbers()).toHaveLength(300), SLOW);
    for (const client of clients) expect(client.numbers()).toEqual(upTo(300));
  });

  it('strangers’ messages on the channel harm nobody', async () => {
    const gateway = await world.gateway();
    const client = await world.connect(gateway, ALICE);
    const { id = '' } = await client.until('connected');
    const [incarnation = '', sequence = ''] = id.split('-');
    const far = `${incarnation}-${Number(sequence) + 1_000_000}`;
    for (const message of [
      '',
      'x',
      '\n\n',
      `other ${id} ${ALICE}\n`,
      `other ${far} ${ALICE}\nid: ${id}\nevent: x\ndata: {}\n\n`,
      `other zzzzzzzz-1 ${ALICE}\nid: zzzzzzzz-1\nevent: x\ndata: {}\n\n`,
    ]) {
      await world.redis.redis.publish('realtime:events', message);
    }
    await world.tell({ userId: ALICE, data: { n: 1 } });
    await client.until('analysis_completed');
    expect(client.frames.map(({ event }) => event)).toEqual(['connected', 'analysis_completed']);
    expect(await metric(gateway, 'skyflow_realtime_refusals_total')).toBe(5);
  });

  it('NATS that restarts, and REALTIME with it: clients are told, and go on', async () => {
    const instances = [await world.gateway(), await world.gateway()];
    const clients = await Promise.all(instances.map((instance) => world.connect(instance, ALICE)));
    for (const n of upTo(5)) await world.tell({ userId: ALICE, data: { n } });
    for (const client of clients) await client.until('analysis_completed', 5);
    const gone = await world.connect(instances[0] as Instance, ALICE);
    await gone.until('connected');
    gone.close();
    world.bus.killServer();
    await vi.waitFor(() => expect(world.bus.bus.downSinceMs).toBeTypeOf('number'), SLOW);
    await vi.waitFor(() => expect(world.bus.bus.downSinceMs).toBeUndefined(), SLOW);
    for (const n of upTo(20)) await world.tell({ userId: ALICE, data: { n: 100 + n } });
    for (const client of clients) {
      await client.until('analysis_completed', 25);
      expect(client.numbers()).toEqual([...upTo(5), ...upTo(20).map((n) => 100 + n)]);
      expect(client.named('resync').map(({ data }) => data)).toEqual([{ reason: 'restarted' }]);
      const names = client.frames.map(({ event }) => event);
      expect(names.indexOf('resync')).toBe(6);
    }
    // An id of before the restart is known for what it is, though the new stream has that sequence too.
    const back = await again(instances[1] as Instance, gone);
    expect((await back.until('resync')).data).toEqual({ reason: 'restarted' });
    await back.until('analysis_completed', 20);
    expect(back.numbers()).toEqual(upTo(20).map((n) => 100 + n));
  });
});

describe('a stalled reader', () => {
  it('delays nobody, is told what was dropped, and gets it by coming back', async () => {
    const gateway = await world.gateway();
    const stalled = await world.connect(gateway, ALICE);
    const reading = await world.connect(gateway, ALICE);
    await stalled.until('connected');
    stalled.pause();
    const total = 500;
    const text = 'x'.repeat(60_000);
    for (const n of upTo(total)) await world.tell({ userId: ALICE, data: { n, text } });
    // Without the stalled one having taken anything more.
    await reading.until('analysis_completed', total);
    expect(reading.numbers()).toEqual(upTo(total));
    const droppedTotal = await metric(gateway, 'realtime_events_dropped_total');
    expect(droppedTotal).toBeGreaterThan(0);
    stalled.resume();
    await stalled.untilEnd();
    const [dropped] = stalled.named('dropped');
    expect(dropped?.data['count']).toBe(droppedTotal);
    expect(stalled.numbers()).toEqual(upTo(total - droppedTotal));
    expect(stalled.frames.at(-1)).toBe(dropped);
    const back = await again(gateway, stalled);
    await back.until('analysis_completed', droppedTotal);
    expect([...stalled.numbers(), ...back.numbers()]).toEqual(upTo(total));
    expect(back.named('dropped')).toEqual([]);
  });

  it('that takes nothing for too long is cut', async () => {
    const gateway = await world.gateway({ limits: { stallTimeoutMs: 100 } });
    const stalled = await world.connect(gateway, ALICE);
    await stalled.until('connected');
    stalled.pause();
    const text = 'x'.repeat(60_000);
    for (const n of upTo(300)) await world.tell({ userId: ALICE, data: { n, text } });
    await vi.waitFor(() => expect(gateway.status().connections).toBe(0), SLOW);
  });
});

it('users only ever get their own events, whoever connects, leaves and comes back (property)', async () => {
  const instances = [await world.gateway(), await world.gateway()];
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant('tell' as const), user: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), user: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('back' as const), user: fc.nat(4), to: fc.nat(1) }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      run += 1;
      const dids = upTo(5).map((user) => `did:plc:r${run}u${user}`);
      const sent = dids.map(() => [] as number[]);
      const got = dids.map(() => [] as unknown[]);
      const clients = await Promise.all(dids.map((did, at) => world.connect(instances[at % 2] as Instance, did)));
      for (const client of clients) await client.until('connected');
      const leave = (user: number) => {
        const client = clients[user] as SseClient;
        if (client.ended) return;
        client.close();
        client.ended = true;
        got[user]?.push(...client.numbers());
      };
      const back = async (user: number, to: number) => {
        leave(user);
        clients[user] = await again(instances[to] as Instance, clients[user] as SseClient, dids[user]);
        await clients[user].until('connected');
      };
      for (const [n, { user, ...what }] of steps.entries()) {
        if (what.kind === 'leave') leave(user);
        else if (what.kind === 'back') await back(user, what.to);
        else {
          sent[user]?.push(n);
          await world.tell({ userId: dids[user] ?? '', data: { n, for: dids[user] } });
        }
      }
      for (const user of upTo(5)) {
        if ((clients[user] as SseClient).ended) await back(user, user % 2);
        const all = () => [...(got[user] ?? []), ...(clients[user] as SseClient).numbers()];
        await vi.waitFor(() => expect(all().length).toBeGreaterThanOrEqual((sent[user] ?? []).length), SLOW);
        expect(all()).toEqual(sent[user]);
        const receivers = (clients[user] as SseClient).named('analysis_completed').map(({ data }) => data['for']);
        expect(new Set(receivers).size).toBeLessThanOrEqual(1);
        (clients[user] as SseClient).close();
      }
    }),
    { numRuns: 12 },
  );
});

import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { Connection, type FrameSink } from './connection.ts';
import { Follower } from './follower.ts';
import { eventFrame, type Frame, type RealtimeFields } from './frames.ts';
import { History } from './history.ts';
import { Hub } from './hub.ts';
import { createGatewayMetrics } from './metrics.ts';
import { parsePosition } from './position.ts';
import type { StreamSource } from './stream-source.ts';

const USERS = ['a', 'b', 'c'] as const;
const MAX_DATA = 1_000;

/** A stream that can be made anew, and a connection to it that can be lost. */
class FakeStream implements StreamSource {
  life = 1;
  readonly #events = new Map<number, RealtimeFields>();
  #last = 0;
  #first = 1;
  #isLost: () => void = () => undefined;

  publish(userId: string, n: number): Frame {
    this.#last += 1;
    const event = { userId, name: 'told', data: { n }, eventId: `e${n}`, correlationId: 'c' };
    this.#events.set(this.#last, event);
    return eventFrame({ incarnation: `m${this.life}`, sequence: this.#last }, event, MAX_DATA) as Frame;
  }

  restart(): void {
    this.life += 1;
    this.#events.clear();
    this.#last = 0;
    this.#first = 1;
    this.#isLost();
  }

  expire(count: number): void {
    this.#first = Math.min(this.#last + 1, this.#first + count);
  }

  state() {
    return Promise.resolve({
      incarnation: `m${this.life}`,
      firstSequence: this.#first,
      lastSequence: this.#last,
    });
  }

  async *read(from: number, to: number) {
    for (let sequence = Math.max(from, this.#first); sequence <= to; sequence += 1) {
      yield [{ sequence, event: this.#events.get(sequence) }];
    }
  }

  onLost(callback: () => void): Disposable {
    this.#isLost = callback;
    return { [Symbol.dispose]: () => undefined };
  }
}

/** A client that sometimes does not read. */
class FakeClient implements FrameSink {
  text = '';
  isStalled = false;
  isClosed = false;
  #callback: (() => void) | undefined;

  write(text: string): boolean {
    if (this.#callback !== undefined) throw new Error('written to before all was taken');
    this.text += text;
    return !this.isStalled;
  }
  onTaken(callback: () => void): void {
    this.#callback = callback;
  }
  end(text: string): void {
    this.text += text;
    this.isClosed = true;
  }
  cut(): void {
    this.isClosed = true;
  }
  read(): void {
    this.isStalled = false;
    const callback = this.#callback;
    this.#callback = undefined;
    callback?.();
  }

  get lastId(): string {
    return [...this.text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';
  }
  /** What was told, by id. */
  get told(): { id: string; n: number }[] {
    return [...this.text.matchAll(/id: (.*)\nevent: told\ndata: \{"n":(\d+)/g)].map(([, id = '', n]) => ({
      id,
      n: Number(n),
    }));
  }
  get resyncs(): number {
    return this.text.split('event: resync\n').length - 1;
  }
}

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      user: fc.nat(2),
      way: fc.constantFrom('quick' as const, 'late' as const, 'lost' as const, 'twice' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('arrive' as const), at: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('check' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('stall' as const), user: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), user: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const), count: fc.nat(3) }) },
);

it('however events arrive, every client gets its own in order, once, and a hole only after a resync (property)', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 120, size: 'max' }), async (steps) => {
      const clock = new ManualClock();
      const source = new FakeStream();
      const history = new History({ historyEvents: 1_000, historyBytes: 1_000_000 });
      const metrics = createGatewayMetrics(createMetrics());
      const hub = new Hub();
      const follower = new Follower({
        source,
        history,
        metrics,
        clock,
        log: createLogger({ level: 'silent' }),
        limits: { streamCheckMs: 1_000, holeWaitMs: 50, maxDataLength: MAX_DATA },
        onFrame: (frame) => hub.deliver(frame),
        onRestart: () => hub.all().forEach((connection) => connection.restart()),
      });
      const stop = new AbortController();
      const running = follower.run(stop.signal);
      await follower.ready;
      const context = { history, metrics, bufferEvents: 3, nowMs: () => clock.nowMs() };
      const connect = (userId: string, sink: FakeClient, cursor: number) =>
        hub.add(new Connection({ id: userId, userId, sid: userId, sink, cursor, greeting: '' }, context));
      const clients = USERS.map(() => new FakeClient());
      for (const [index, userId] of USERS.entries()) connect(userId, clients[index] as FakeClient, history.head);
      /** What is on its way, with the life of the stream that it is of. */
      const late: { incarnation: string; frame: Frame }[] = [];
      const offer = ({ incarnation, frame }: (typeof late)[number]) => follower.offer(incarnation, frame, 'pubsub');
      const published: { userId: string; n: number; life: number }[] = [];
      /** A client that was closed, because events were dropped, comes back with its last id. */
      const comeBack = (index: number) => {
        const sink = clients[index] as FakeClient;
        if (!sink.isClosed) return;
        sink.isClosed = false;
        const userId = USERS[index] as string;
        for (const connection of hub.all()) if (connection.userId === userId) hub.remove(connection);
        const position = parsePosition(sink.lastId);
        if (position?.incarnation === history.incarnation) connect(userId, sink, position.sequence);
        else {
          sink.text += 'event: resync\n';
          connect(userId, sink, history.floor - 1);
        }
      };

      for (const [n, what] of steps.entries()) {
        if (what.kind === 'publish') {
          const userId = USERS[what.user] as string;
          const one = { incarnation: `m${source.life}`, frame: source.publish(userId, n) };
          published.push({ userId, n, life: source.life });
          if (what.way === 'late' || what.way === 'twice') late.push(one);
          // As the durable does it: a message says only its sequence, not of which life of the stream it is.
          const { incarnation } = follower;
          const isQuick = what.way === 'quick' || what.way === 'twice';
          if (isQuick && incarnation !== undefined) follower.offer(incarnation, one.frame, 'durable');
        } else if (what.kind === 'arrive') {
          const [one] = late.splice(what.at % Math.max(1, late.length), 1);
          if (one !== undefined) offer(one);
        } else if (what.kind === 'check') await clock.advance(1_100);
        else if (what.kind === 'stall') (clients[what.user] as FakeClient).isStalled = true;
        else if (what.kind === 'restart') source.restart();
        else if (what.kind === 'expire') source.expire(what.count);
        else (clients[what.user] as FakeClient).read();
        for (const index of USERS.keys()) comeBack(index);
      }
      // All read, the stream is looked at, and whoever was closed comes back.
      for (let round = 0; round < 3; round += 1) {
        for (const client of clients) client.read();
        for (const index of USERS.keys()) comeBack(index);
        await clock.advance(1_100);
      }
      for (const [index, client] of clients.entries()) {
        const own = published.filter(({ userId }) => userId === USERS[index]);
        const told = client.told.map(({ n }) => n);
        const ownNumbers = new Set(own.map(({ n }) => n));
        expect(told.filter((n) => !ownNumbers.has(n))).toEqual([]);
        expect(told).toEqual([...new Set(told)].toSorted((a, b) => a - b));
        if (client.resyncs === 0 && source.life === 1) {
          const expired = steps.some(({ kind }) => kind === 'expire');
          if (!expired) expect(told).toEqual(own.map(({ n }) => n));
        }
        const expires = steps.some(({ kind }) => kind === 'expire');
        // Of the present life nothing is missing, unless it aged out before anybody could take it.
        if (!expires) {
          const present = own.filter(({ life }) => life === source.life).map(({ n }) => n);
          expect(told.filter((n) => present.includes(n))).toEqual(present);
        }
        if (source.life > 1 && told.length < own.length) expect(client.resyncs).toBeGreaterThan(0);
      }
      stop.abort();
      await running;
    }),
    { numRuns: 400 },
  );
});

import { headers, type Msg, type NatsConnection, type SubscriptionOptions } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AckBox } from './ack-box.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A connection whose answers the test gives. */
function connection() {
  const sent: { subject: string; reply: string }[] = [];
  let deliver: NonNullable<SubscriptionOptions['callback']> = () => undefined;
  const fake = {
    subscriptions: [] as string[],
    downSinceMs: undefined as number | undefined,
    nc: {
      subscribe(subject: string, { callback }: SubscriptionOptions) {
        fake.subscriptions.push(subject);
        deliver = callback ?? deliver;
      },
      publish(subject: string, _bytes: Uint8Array, { reply }: { reply: string }) {
        if (subject === 'too.large') throw new Error('too large');
        sent.push({ subject, reply });
      },
    } as unknown as NatsConnection,
    sent,
    answer(index: number, text: string, code?: number) {
      const data = new TextEncoder().encode(text);
      const message = { subject: sent[index]?.reply, data, json: () => JSON.parse(text) as unknown };
      const answer = code === undefined ? message : { ...message, headers: { code } };
      void deliver(null, answer as unknown as Msg);
    },
  };
  return fake;
}
const parcel = (subject = 'events.xp.earned') => ({ subject, bytes: new Uint8Array(), headers: headers() });

describe('a box for acknowledgements', () => {
  it('gives each message its own answer, in whatever order they come, over one subscription', async () => {
    const wire = connection();
    const box = new AckBox(wire);
    const [first, second] = [box.send(parcel(), 5_000), box.send(parcel(), 5_000)];
    wire.answer(1, '{"stream":"S","seq":8,"duplicate":true}');
    wire.answer(0, '{"stream":"S","seq":7}');
    expect(await first).toEqual({ kind: 'stored', duplicate: false, sequence: 7 });
    expect(await second).toEqual({ kind: 'stored', duplicate: true, sequence: 8 });
    expect(wire.subscriptions).toHaveLength(1);
  });

  it.each([
    ['nobody listens', '', 503, { kind: 'nobody' }],
    [
      'the stream refuses',
      '{"error":{"code":503,"err_code":10077,"description":"full"}}',
      undefined,
      { kind: 'refused' },
    ],
    ['it is not JSON', 'yes', undefined, { kind: 'refused' }],
    ['it says no sequence', '{"stream":"S"}', undefined, { kind: 'refused' }],
  ])('tells what else came: %s', async (_, text, code, expected) => {
    const wire = connection();
    const sending = new AckBox(wire).send(parcel(), 5_000);
    wire.answer(0, text, code);
    expect(await sending).toMatchObject(expected);
  });

  it('waits no longer than it is told, and hears nothing of an answer that comes later', async () => {
    const wire = connection();
    const box = new AckBox(wire);
    const [short, long] = [box.send(parcel(), 1_000), box.send(parcel(), 2_000)];
    await vi.advanceTimersByTimeAsync(1_100);
    expect(await short).toEqual({ kind: 'late' });
    wire.answer(0, '{"seq":1}');
    wire.answer(1, '{"seq":2}');
    expect(await long).toMatchObject({ sequence: 2 });
  });

  it('does not wait for answers that went with the connection', async () => {
    const wire = connection();
    const sending = new AckBox(wire).send(parcel(), 5_000);
    wire.downSinceMs = 1;
    await vi.advanceTimersByTimeAsync(100);
    expect(await sending).toEqual({ kind: 'lost' });
  });

  it('ends with the signal, and sends nothing after it', async () => {
    const wire = connection();
    const box = new AckBox(wire);
    const stop = new AbortController();
    const sending = box.send(parcel(), 5_000, stop.signal);
    stop.abort();
    expect(await sending).toEqual({ kind: 'aborted' });
    expect(await box.send(parcel(), 5_000, stop.signal)).toEqual({ kind: 'aborted' });
    expect(wire.sent).toHaveLength(1);
  });

  it('has no timer while nothing is under way', async () => {
    const wire = connection();
    const box = new AckBox(wire);
    await expect(box.send(parcel('too.large'), 5_000)).rejects.toThrow('too large');
    expect(vi.getTimerCount()).toBe(0);
    const sending = box.send(parcel(), 5_000);
    expect(vi.getTimerCount()).toBe(1);
    wire.answer(0, '{"seq":1}');
    await sending;
    await vi.advanceTimersByTimeAsync(200);
    expect(vi.getTimerCount()).toBe(0);
  });
});

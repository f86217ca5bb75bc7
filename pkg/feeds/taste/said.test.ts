import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeys } from '#pkg/clickhouse/keys.ts';
import { INTERACTION_EVENTS, parseEvent } from './events.ts';
import { MOST_IN_A_CALL, readInteractions } from './said.ts';

const keys = createKeys('salt');
const viewer = { did: 'did:plc:vvvvvvvvvvvvvvvvvvvvvvvv', id: 5n };
const did = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const item = (rkey = '3l4444444442k') => `at://${did}/app.bsky.feed.post/${rkey}`;
const less = 'app.bsky.feed.defs#requestLess';
const read = (given: Parameters<typeof readInteractions>[0]['given']) =>
  readInteractions({ viewer, given, atMs: 9 }, keys);

describe('an event', () => {
  it('is known by its full name and by its bare one, and by no other', () => {
    for (const event of INTERACTION_EVENTS) {
      expect(parseEvent(`app.bsky.feed.defs#${event}`)).toBe(event);
      expect(parseEvent(event)).toBe(event);
    }
    for (const text of ['', 'requestless', 'app.bsky.feed.defs#', 'com.example#requestLess', '__proto__', `${less} `]) {
      expect(parseEvent(text)).toBeUndefined();
    }
  });
});

describe('what a client says', () => {
  it('becomes rows with the keys of the posts', () => {
    const { rows, dropped } = read([{ item: item(), event: less, feed: 'whats-hot', feedContext: 'c', reqId: 'r' }]);
    expect(rows).toEqual([
      {
        atMs: 9,
        viewerId: 5n,
        feed: 'whats-hot',
        event: 'requestLess',
        actorId: keys.actorId(did),
        tid: keys.recordKey('app.bsky.feed.post', '3l4444444442k').key,
        uri: item(),
        context: 'c',
        reqId: 'r',
      },
    ]);
    expect(Object.values(dropped)).toEqual([0, 0, 0, 0]);
  });

  it('is dropped and counted where it is no event, no post, or said twice', () => {
    const { rows, dropped } = read([
      { item: item(), event: 'app.bsky.feed.defs#requestMuchLess' },
      { item: `at://${did}/app.bsky.feed.like/3l4444444442k`, event: less },
      { item: 'at://alice.test/app.bsky.feed.post/3l4444444442k', event: less },
      { item: "'; DROP TABLE posts", event: less },
      { item: '', event: less },
      { item: item(), event: less },
      { item: item(), event: less },
      { item: item('odd-key'), event: less },
    ]);
    expect(rows).toHaveLength(2);
    expect(dropped).toEqual({ unknown_event: 1, not_a_post: 4, repeated: 1, too_many: 0 });
  });

  it('is cut where it is too long or too much', () => {
    const { rows } = read([{ item: item(), event: less, feedContext: 'x'.repeat(9_999), reqId: 'y'.repeat(9_999) }]);
    expect([rows[0]?.context.length, rows[0]?.reqId.length]).toEqual([2_000, 100]);
    const many = Array.from({ length: 10_000 }, (_, index) => ({ item: item(`key${index}`), event: less }));
    const all = read(many);
    expect(all.rows).toHaveLength(MOST_IN_A_CALL);
    expect(all.dropped.too_many).toBe(10_000 - MOST_IN_A_CALL);
  });

  it('adds up, whatever it is, and comes out in the same order however it came', () => {
    const given = fc.record({
      item: fc.oneof(fc.string(), fc.constantFrom(item('a'), item('b'), item())),
      event: fc.oneof(fc.string(), fc.constantFrom(...INTERACTION_EVENTS)),
      feed: fc.constantFrom('', 'x', 'y'),
    });
    fc.assert(
      fc.property(fc.array(given), (all) => {
        const { rows, dropped } = read(all);
        expect(rows.length + Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBe(all.length);
        const order = (list: typeof rows) => list.map(({ feed, event, actorId, tid }) => [feed, event, actorId, tid]);
        expect(order(read(all.toReversed()).rows)).toEqual(order(rows));
      }),
    );
  });
});

import { describe, expect, test } from 'vitest';
import { CONTENT_FAULTS, FAULT_NAMES } from './fault-names.ts';
import { frames, parsed, START_US } from './sample-frames.ts';
import { createWorld } from './world.ts';

const DID = /^did:(plc:[a-z2-7]{24}|web:[a-z0-9-]+(\.[a-z0-9-]+)+)$/;

describe('a hostile world', () => {
  test('every kind of damage occurs and is named', () => {
    const all = frames(12_000, { hostile: { probability: 0.5 } });
    for (const name of FAULT_NAMES)
      expect(
        all.some((frame) => frame.kind === name),
        name,
      ).toBe(true);
    const share = all.filter((frame) => frame.kind !== 'ok').length / all.length;
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  test.each(FAULT_NAMES)('%s is what it says', (name) => {
    const all = frames(60, { hostile: { probability: 1, faults: [name] } });
    const damaged = all.filter((frame) => frame.kind === name);
    expect(damaged.length).toBeGreaterThan(30);
    for (const frame of damaged.slice(1)) {
      const readable = !['malformed-json', 'truncated'].includes(name);
      if (readable) expect(() => JSON.parse(frame.text) as unknown).not.toThrow();
      else expect(() => JSON.parse(frame.text) as unknown).toThrow();
    }
    if (CONTENT_FAULTS[name].effect !== 'keep') return;
    for (const event of parsed(damaged)) expect(event.did).toMatch(DID);
  });

  test('sizes are as promised', () => {
    const sizes = (name: 'huge-record' | 'long-line' | 'rkey-long'): number[] =>
      frames(20, { hostile: { probability: 1, faults: [name] } })
        .filter((frame) => frame.kind === name)
        .map((frame) => Buffer.byteLength(frame.text));
    for (const size of sizes('huge-record'))
      expect(size).toSatisfy((bytes: number) => bytes > 900_000 && bytes < 1_048_576);
    for (const size of sizes('long-line')) expect(size).toSatisfy((bytes: number) => bytes > 33_000 && bytes < 40_000);
    const keys = frames(20, { hostile: { probability: 1, faults: ['rkey-long'] } }).map(
      (frame) => parsed([frame])[0]?.commit?.rkey,
    );
    for (const key of keys) expect(key).toHaveLength(512);
  });

  test('time steps back by at most 30 ms, and duplicates repeat the frame before', () => {
    const all = frames(2_000, { hostile: { probability: 0.2, faults: ['time-back', 'duplicate'] } });
    for (const [index, frame] of all.entries()) {
      const before = all[index - 1];
      if (frame.kind === 'duplicate' && before !== undefined) expect(frame.text).toBe(before.text);
      if (frame.kind === 'time-back' && before !== undefined)
        expect(before.timeUs - frame.timeUs).toBeLessThanOrEqual(30_000);
    }
    expect(all.some((frame, index) => frame.kind === 'time-back' && frame.timeUs < (all[index - 1]?.timeUs ?? 0))).toBe(
      true,
    );
  });
});

describe('options', () => {
  test('a world of two accounts goes on', () => {
    expect(frames(3_000, { accounts: 2 })).toHaveLength(3_000);
  });

  test('the mix decides what happens', () => {
    const none = {
      like: 0,
      repost: 0,
      follow: 0,
      bulkFollow: 0,
      remove: 0,
      block: 0,
      profile: 0,
      editPost: 0,
      retargetLike: 0,
    };
    const mix = { ...none, list: 0, listItem: 0, generator: 0, foreign: 0, identity: 0, account: 0, post: 1 };
    const collections = new Set(parsed(frames(500, { mix })).map((event) => event.commit?.collection));
    expect(collections).toEqual(new Set(['app.bsky.feed.post', 'app.bsky.feed.threadgate']));
  });

  test('deleted accounts are replaced, so that a world never runs dry', () => {
    const world = createWorld({ seed: 1, accounts: 40, startUs: START_US, eventsPerSecond: 100, mix: { account: 30 } });
    const before = world.accounts().map((account) => account.did);
    for (let count = 0; count < 5_000; count += 1) world.next();
    const after = world.accounts();
    expect(after).toHaveLength(40);
    expect(after.filter((account) => account.status === 'deleted')).toEqual([]);
    expect(after.filter((account) => account.status === 'active').length).toBeGreaterThan(30);
    expect(after.filter((account) => before.includes(account.did)).length).toBeLessThan(20);
  });

  test('live stamping uses the time it is given and never goes back', () => {
    const world = createWorld({ seed: 1, accounts: 10, startUs: START_US, eventsPerSecond: 100 });
    expect(world.next(START_US + 5_000_000).timeUs).toBe(START_US + 5_000_000);
    expect(world.next(START_US).timeUs).toBe(START_US + 5_000_001);
  });
});

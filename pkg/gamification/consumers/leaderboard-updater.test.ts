import { expect, test, vi } from 'vitest';
import { createEvent, decodeEvent, EVENTS } from '#pkg/bus/events.ts';
import type { HandlerContext, ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import { StoreAwayError } from '#pkg/rest/away.ts';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import type { Account, Stale } from '../boards/boards.ts';
import { leaderboardHandler } from './leaderboard-updater.ts';

const nowMs = Date.UTC(2026, 10, 21, 12);
const MINUTE = 60_000;
const context: HandlerContext = { signal: new AbortController().signal, log: createLogger({ level: 'silent' }) };

const earned = (
  userId: string,
  { atMs = nowMs, delta = 10, attempt = 1 } = {},
): ReceivedEvent<typeof EVENTS.xpEarned> => {
  const { bytes } = createEvent(
    EVENTS.xpEarned,
    { aggregateId: userId, correlationId: 'c', nowMs: atMs },
    { userId, xpDelta: delta, xpTotal: 123_456_789n },
  );
  return { ...decodeEvent(EVENTS.xpEarned, bytes), attempt, streamSequence: 1 };
};

const handle = async (
  events: readonly ReceivedEvent<typeof EVENTS.xpEarned>[],
  accounts: Record<string, Account> = {},
) => {
  const refresh = vi.fn(async (users: readonly (string | Stale)[]) => {
    const ids = users.map((user) => (typeof user === 'string' ? user : user.userId));
    return new Map(ids.map((id) => [id, accounts[id] ?? ('known' as const)]));
  });
  const outcomes = await leaderboardHandler({ refresh }, new ManualClock(nowMs))(events, context);
  return { outcomes, refreshed: refresh.mock.calls.flatMap(([users]) => users) };
};

test('a batch refreshes each user once, with the weeks of their events', async () => {
  const sunday = Date.UTC(2026, 10, 15, 23, 59, 59, 999);
  const { outcomes, refreshed } = await handle([
    earned('did:a:1'),
    earned('did:a:2', { atMs: sunday }),
    earned('did:a:1', { atMs: sunday }),
    earned('did:a:1', { atMs: sunday + 1 }),
  ]);
  expect(outcomes).toEqual(Array.from({ length: 4 }, () => ({ kind: 'ack' })));
  expect(refreshed).toEqual([
    { userId: 'did:a:1', weeks: ['2026-11-16', '2026-11-09'] },
    { userId: 'did:a:2', weeks: ['2026-11-09'] },
  ]);
});

test('an unknown user is dead, one who left is done', async () => {
  const { outcomes } = await handle([earned('did:a:1'), earned('did:a:2'), earned('did:a:3')], {
    'did:a:1': 'unknown',
    'did:a:2': 'left',
  });
  expect(outcomes).toEqual([{ kind: 'dead', reason: 'unknown user' }, { kind: 'ack' }, { kind: 'ack' }]);
});

test.each([
  ['without a user', earned(''), 'user_id is not a DID'],
  ['with a user id that is none', earned(`did:plc:${'x'.repeat(2049)}`), 'user_id is not a DID'],
  ['of more than a million', earned('did:a:1', { delta: 1_000_001 }), 'xp_delta 1000001'],
  ['of less than minus a million', earned('did:a:1', { delta: -1_000_001 }), 'xp_delta -1000001'],
  ['of the smallest number there is', earned('did:a:1', { delta: -(2 ** 31) }), 'xp_delta -2147483648'],
  ['without a time', earned('did:a:1', { atMs: 0 }), 'there is no timestamp'],
  ['before 2024', earned('did:a:1', { atMs: Date.UTC(2024, 0, 1) - 1 }), 'before 2024'],
  [
    'more than 5 minutes ahead, the third time',
    earned('did:a:1', { atMs: nowMs + 5 * MINUTE + 1, attempt: 3 }),
    'more than 5 minutes ahead',
  ],
])('an event %s is dead, and the others of its batch are not', async (_name, event, reason) => {
  const { outcomes, refreshed } = await handle([event, earned('did:a:9')]);
  expect(outcomes).toEqual([{ kind: 'dead', reason: expect.stringContaining(reason) }, { kind: 'ack' }]);
  expect(refreshed).toHaveLength(1);
});

test('what is at the bounds is good, and ahead of our clock is tried again first', async () => {
  const { outcomes } = await handle([
    earned('did:a:1', { delta: 1_000_000 }),
    earned('did:a:1', { delta: -1_000_000 }),
    earned('did:a:1', { atMs: Date.UTC(2024, 0, 1) }),
    earned('did:a:1', { atMs: nowMs + 5 * MINUTE }),
    earned('did:a:1', { atMs: nowMs + 5 * MINUTE + 1 }),
    earned('did:a:1', { atMs: nowMs + 5 * MINUTE + 1, attempt: 2 }),
  ]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(['ack', 'ack', 'ack', 'ack', 'retry', 'retry']);
});

test('a store that is away fails the whole batch, as an error that says so', async () => {
  const refresh = async () => {
    throw new StoreAwayError('redis', new Error('gone'));
  };
  const handled = leaderboardHandler({ refresh }, new ManualClock(nowMs))([earned('did:a:1')], context);
  await expect(handled).rejects.toThrow(StoreAwayError);
});

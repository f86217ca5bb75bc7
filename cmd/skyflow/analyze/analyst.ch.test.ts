import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AnalyzeRequest } from '#pkg/admin/protocol.ts';
import { openThrowaway, type ThrowawayClickHouse } from '#pkg/clickhouse/throwaway.ts';
import type { LensQuestion } from '#pkg/contracts/lens.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { answerWith } from '../lens/answers-for-tests.ts';
import { inventedDirectory } from '../demo/invented-directory.ts';
import { createAnalyst } from './analyst.ts';

let throwaway: ThrowawayClickHouse;
const asked: LensQuestion[] = [];
const resolved: string[] = [];

const alice = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa';
const bela = 'did:plc:bbbbbbbbbbbbbbbbbbbbbbbb';

beforeAll(async () => {
  throwaway = await openThrowaway({ log: createLogger({ level: 'silent' }) });
  const rows = [
    [1, alice, 10, 'old.example.com'],
    [2, bela, 20, 'moved.example.com'],
    [1, alice, 30, 'moved.example.com'],
    [2, bela, 40, 'bela.example.com'],
    [3, 'did:plc:cccccccccccccccccccccccc', 5, 'moved.example.com'],
  ] as const;
  for (const [id, did, version, handle] of rows) {
    await throwaway.store.command(
      `INSERT INTO actors (actor_id, did, handle, account, first_seen_at)
       VALUES ({id:UInt64}, {did:String}, ({version:UInt64}, {handle:String}), (0, 1, ''), now64(6))`,
      { id, did, version, handle },
    );
  }
});

afterAll(() => throwaway[Symbol.asyncDispose]());

const analyze = (account: string, fields: Partial<AnalyzeRequest> = {}) => {
  asked.length = 0;
  resolved.length = 0;
  const analyst = createAnalyst({
    store: throwaway.store,
    answer: async (question) => {
      asked.push(question);
      return answerWith({ lens: question.lens });
    },
    resolve: async (handle) => {
      resolved.push(handle);
      if (handle === 'elsewhere.example.com') return { did: 'did:web:elsewhere.example.com' };
      return handle === 'far.example.com'
        ? 'unreachable'
        : handle === 'invented.example.com'
          ? 'no_network'
          : 'unknown';
    },
  });
  return analyst({ account, lenses: ['flow'], window: '7d', audience: 'mutual', ...fields });
};

describe('an account is found', () => {
  test('by its DID, asked as it is', async () => {
    await analyze('did:plc:zzzzzzzzzzzzzzzzzzzzzzzz', { lenses: ['pulse', 'flow'] });
    expect(asked).toEqual([
      { did: 'did:plc:zzzzzzzzzzzzzzzzzzzzzzzz', lens: 'pulse', window: '7d', audience: 'mutual' },
      { did: 'did:plc:zzzzzzzzzzzzzzzzzzzzzzzz', lens: 'flow', window: '7d', audience: 'mutual' },
    ]);
  });

  test('by the handle that it got last, however it is written, without asking the network', async () => {
    await analyze('@Moved.Example.com');
    expect(asked.map(({ did }) => did)).toEqual([alice]);
    await analyze('bela.example.com');
    expect(asked.map(({ did }) => did)).toEqual([bela]);
    expect(resolved).toEqual([]);
  });

  test('on the network, where the index does not know the handle', async () => {
    expect(await analyze('elsewhere.example.com')).toMatchObject({ ok: true });
    expect(asked.map(({ did }) => did)).toEqual(['did:web:elsewhere.example.com']);
  });
});

describe('an account is not found', () => {
  test.each([
    ['old.example.com', 'no account with the handle old.example.com, and none answers to it'],
    ['far.example.com', 'no account with the handle far.example.com, and the network cannot be asked'],
    ['invented.example.com', 'This invented network has no account with the handle invented.example.com.'],
    ['not a handle', '"not a handle" is neither a handle nor a DID.'],
    ['did:plc:', '"did:plc:" is not a DID.'],
    ['', '"" is neither a handle nor a DID.'],
    ["x' OR 1=1 --", 'neither a handle nor a DID'],
  ])('%s: a sentence, and no lens is asked', async (account, message) => {
    expect(await analyze(account)).toMatchObject({ ok: false, message: expect.stringContaining(message) });
    expect(asked).toEqual([]);
  });
});

test('the directory of an invented network knows what was indexed, and asks nobody', async () => {
  const directory = inventedDirectory(throwaway.store);
  const none = { handle: null, pdsUrl: null, signingKey: null };
  expect(await directory.resolve('@Moved.Example.com')).toEqual({ ...none, did: alice, handle: 'moved.example.com' });
  expect(await directory.resolve(bela)).toEqual({ ...none, did: bela });
  expect(await directory.resolve('nobody.example.com')).toMatchObject({ problem: 'not_found' });
  expect(await directory.signingKey(alice)).toBeNull();
});

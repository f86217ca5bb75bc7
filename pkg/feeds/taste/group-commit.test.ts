import { expect, it } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { CommitBusyError, createGroupCommit } from './group-commit.ts';

/** A store whose writes end when the test says so. */
const openStore = () => {
  const writes: { rows: readonly number[]; end: (error?: Error) => void }[] = [];
  let running = 0;
  let mostRunning = 0;
  const write = async (rows: readonly number[]) => {
    running += 1;
    mostRunning = Math.max(mostRunning, running);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    writes.push({ rows, end: (error) => (error === undefined ? resolve() : reject(error)) });
    await promise.finally(() => {
      running -= 1;
    });
  };
  return { writes, write, mostRunning: () => mostRunning };
};

const settle = () => new Promise((resolve) => setImmediate(resolve));
const clock = new ManualClock();

it('writes one group at a time, and all who come meanwhile together', async () => {
  const { writes, write, mostRunning } = openStore();
  const { commit } = createGroupCommit({ write, clock, mostWaiting: 100, patienceMs: 1_000 });
  const done: number[] = [];
  const calls = [[1, 2], [3], [4, 5], [6]].map((rows) => commit(rows).then(() => done.push(...rows)));
  await settle();
  expect(writes.map(({ rows }) => rows)).toEqual([[1, 2]]);
  writes[0]?.end();
  await settle();
  expect(done).toEqual([1, 2]);
  expect(writes[1]?.rows).toEqual([3, 4, 5, 6]);
  writes[1]?.end();
  await Promise.all(calls);
  expect(done).toEqual([1, 2, 3, 4, 5, 6]);
  expect(mostRunning()).toBe(1);
});

it('tells a failure to those whose rows were in it, and goes on', async () => {
  const { writes, write } = openStore();
  const { commit } = createGroupCommit({ write, clock, mostWaiting: 100, patienceMs: 1_000 });
  const first = commit([1]);
  const second = commit([2]);
  await settle();
  writes[0]?.end(new Error('no disk'));
  await expect(first).rejects.toThrow('no disk');
  await settle();
  writes[1]?.end();
  await second;
});

it('refuses at once what would be too many waiting, and takes rows again afterwards', async () => {
  const { writes, write } = openStore();
  const { commit } = createGroupCommit({ write, clock, mostWaiting: 3, patienceMs: 1_000 });
  const calls = [commit([1]), commit([2, 3, 4])];
  await expect(commit([5])).rejects.toBeInstanceOf(CommitBusyError);
  writes[0]?.end();
  await settle();
  calls.push(commit([6]));
  writes[1]?.end();
  await settle();
  writes[2]?.end();
  await Promise.all(calls);
  expect(writes.flatMap(({ rows }) => rows)).toEqual([1, 2, 3, 4, 6]);
});

it('lets nobody wait for longer than the patience', async () => {
  const { writes, write } = openStore();
  const { commit } = createGroupCommit({ write, clock, mostWaiting: 100, patienceMs: 1_000 });
  const late = commit([1]).catch((error: unknown) => error);
  await settle();
  await clock.advance(1_000);
  expect(await late).toBeInstanceOf(CommitBusyError);
  // That it fails after all is heard by nobody, and is no unhandled rejection.
  writes[0]?.end(new Error('gone'));
  await settle();
});

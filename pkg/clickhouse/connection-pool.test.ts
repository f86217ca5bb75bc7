import { expect, test } from 'vitest';
import { createConnectionPool } from '#pkg/clickhouse/connection-pool.ts';

interface Connection {
  readonly name: number;
  isBusy: boolean;
}

const poolOf = (most: number, open?: () => Promise<void>) => {
  const seen = { opened: 0, closed: [] as number[], tidied: [] as number[] };
  const pool = createConnectionPool<Connection>({
    most,
    open: async () => {
      await open?.();
      seen.opened += 1;
      return { name: seen.opened, isBusy: false };
    },
    close: async ({ name }) => void seen.closed.push(await Promise.resolve(name)),
    tidy: async ({ name }) => void seen.tidied.push(await Promise.resolve(name)),
  });
  return { pool, seen };
};

/** Work that ends when told, and objects to a connection that somebody else has. */
const gate = () => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const work = async (connection: Connection): Promise<string> => {
    expect(connection.isBusy).toBe(false);
    connection.isBusy = true;
    try {
      return `${await promise} on ${connection.name}`;
    } finally {
      connection.isBusy = false;
    }
  };
  return { work, end: resolve, fail: reject };
};

test('opens no more than it may, lends each to one at a time, and lets the others wait in turn', async () => {
  const { pool, seen } = poolOf(2);
  const [first, second, third, fourth] = [gate(), gate(), gate(), gate()];
  const done: string[] = [];
  const all = [first, second, third, fourth].map(({ work }) => pool.lend(work).then((text) => done.push(text)));
  second.end('second');
  await all[1];
  fourth.end('fourth');
  third.end('third');
  await all[2];
  first.end('first');
  await Promise.all(all);
  expect(done).toEqual(['second on 2', 'third on 2', 'fourth on 2', 'first on 1']);
  expect(seen.opened).toBe(2);
});

test('a connection whose work failed is tidied before the next has it', async () => {
  const { pool, seen } = poolOf(1);
  const failing = gate();
  const failed = pool.lend(failing.work);
  const next = pool.lend(({ name }) => Promise.resolve(`${name} after ${seen.tidied.join()}`));
  failing.fail(new Error('broken'));
  await expect(failed).rejects.toThrow('broken');
  expect(await next).toBe('1 after 1');
});

test('one that cannot be opened leaves room for another try', async () => {
  let isDown = true;
  const { pool } = poolOf(1, () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve()));
  await expect(pool.lend(() => Promise.resolve())).rejects.toThrow('down');
  isDown = false;
  expect(await pool.lend(({ name }) => Promise.resolve(name))).toBe(1);
});

test('closing waits for what is under way, those waiting in turn too, and nothing begins afterwards', async () => {
  const { pool, seen } = poolOf(1);
  const [running, waiting] = [gate(), gate()];
  const both = Promise.all([pool.lend(running.work), pool.lend(waiting.work)]);
  const closed = pool.close();
  await expect(pool.lend(() => Promise.resolve())).rejects.toThrow('closed');
  running.end('running');
  waiting.end('waiting');
  expect(await both).toEqual(['running on 1', 'waiting on 1']);
  await closed;
  expect(seen.closed).toEqual([1]);
});

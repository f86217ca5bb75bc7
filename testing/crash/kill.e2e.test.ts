import { afterAll, beforeAll, expect, test } from 'vitest';
import { openRoom } from './room.ts';
import { tortureSeed } from './torture.ts';

/** The long form is `just torture`: 200 seeds. These few kill at points and at times, with and without damaged frames. */
const seeds = [2, 6, 8, 13, 16];

let room: Awaited<ReturnType<typeof openRoom>>;

beforeAll(async () => {
  room = await openRoom();
});
afterAll(() => room.close());

test('killed, restarted, disconnected, repeated: the tables answer what the oracle answers', async () => {
  const left = [...seeds];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const { failure } = await tortureSeed(seed, room);
      if (failure !== '') failures.push(`seed ${seed}: ${failure}`);
    }
  };
  await Promise.all([worker(), worker()]);
  expect(failures).toEqual([]);
}, 240_000);

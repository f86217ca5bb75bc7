import { setTimeout as delay } from 'node:timers/promises';
import { createRandom } from '#testing/simulator/random.ts';
import type { SagaRoom } from './room.ts';
import { BAD, GOOD, STEPS } from './steps.ts';

/** Troubles come within about this long of each other. */
const shortMs = 400;

/**
 * One round of random trouble. At most twice does a process die that holds requests (timeline or NATS): a request has three
 * attempts, and one that lost all of them to kills would rightly fail. Returns what is wrong, '' where nothing is.
 */
export const playRound = async (room: SagaRoom, seed: number): Promise<string> => {
  const random = createRandom(seed);
  let natsDied = false;
  const troubles: (() => Promise<void>)[] = [
    async () => room.timeline.kill(),
    async () =>
      room.timeline.arm({ step: random.pick(STEPS), when: random.pick(['before', 'after']), hit: 1 + random.below(4) }),
    async () => {
      natsDied = true;
      room.killNats();
    },
  ];
  const planned = Array.from({ length: 1 + random.below(2) }, () => random.pick(troubles));
  if (random.below(2) === 0) planned.push(() => room.killRedis(random.below(shortMs)));
  const work = async (): Promise<void> => {
    for (let left = 10 + random.below(20); left > 0; left -= 1) {
      const who = random.below(6) === 0 ? BAD : GOOD;
      room.accept({ subjectDid: `${who}:${seed}:${random.below(6)}`, userId: `did:plc:user${random.below(4)}` });
      if (random.below(3) === 0) await delay(random.below(60));
    }
  };
  const working = work();
  for (const trouble of planned) {
    await delay(random.below(shortMs));
    await trouble();
  }
  await working;
  return room.settle({ natsDied });
};

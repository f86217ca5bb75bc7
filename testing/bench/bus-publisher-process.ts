/** Publishes finished analyses for `just bench-bus`, evenly, as the timeline service does from a process of its own. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { openBus } from '#pkg/bus/client.ts';
import { createEvent, EVENTS } from '#pkg/bus/events.ts';
import { createPublisher, type Publisher } from '#pkg/bus/publish.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import { TIERS } from '#pkg/contracts/tiers.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createRandom, weightedPicker, zipfWeights } from '#testing/simulator/random.ts';
import { correlationAt, obey } from './bus-protocol.ts';
import { preciseNowMs } from './sse-protocol.ts';

const random = createRandom(1);
let publisher: Publisher | undefined;
let users: string[] = [];
/** Some ask far more often than others, but nobody asks for everything. */
let pick: () => number = () => 0;
let watchEvery = 1;
let published = 0;

const tickMs = 5;

const publish = async (index: number): Promise<void> => {
  published += 1;
  const userId = users[index] ?? '';
  const analysisId = randomUUID();
  const envelope = {
    eventId: analysisId,
    aggregateId: analysisId,
    correlationId: correlationAt(preciseNowMs(), published),
    nowMs: Date.now(),
  };
  await publisher?.publish(
    createEvent(EVENTS.timelineCompleted, envelope, {
      analysisId,
      userId,
      subjectDid: userId,
      type: random.pick(LENSES),
      window: '48h',
      audience: 'following',
      tier: TIERS[index % TIERS.length] ?? 'drift',
      cached: random.chance(0.3),
      durationMs: 12n,
      score: random.below(101) / 10,
    }),
  );
};

const publishEvenly = async (rate: number, seconds: number): Promise<{ count: number; watched: number }> => {
  const startMs = performance.now();
  const under: Promise<void>[] = [];
  let watched = 0;
  let count = 0;
  while (count < rate * seconds) {
    const due = Math.min(Math.floor(((performance.now() - startMs) / 1000) * rate), rate * seconds);
    for (; count < due; count += 1) {
      const index = pick();
      if (index % watchEvery === 0) watched += 1;
      under.push(publish(index));
    }
    await delay(tickMs);
  }
  await Promise.all(under);
  return { count, watched };
};

const publishEach = async (): Promise<{ count: number; watched: number }> => {
  for (let from = 0; from < users.length; from += 200) {
    const some = users.slice(from, from + 200);
    await Promise.all(some.map((_, index) => publish(from + index)));
  }
  return { count: users.length, watched: Math.ceil(users.length / watchEvery) };
};

await obey(async (order) => {
  if (order.do === 'open') {
    const log = createLogger({ level: 'warn' });
    publisher = createPublisher(await openBus({ url: order.natsUrl, log }), log);
    users = order.users;
    pick = weightedPicker(zipfWeights(users.length + 50).slice(50), random);
    ({ watchEvery } = order);
    return { count: users.length };
  }
  if (order.do !== 'publish') return {};
  return order.each ? publishEach() : publishEvenly(order.rate, order.seconds);
});

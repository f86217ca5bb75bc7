import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { arriving } from './feeds-arrive.suite.ts';
import { going } from './feeds-gone.suite.ts';
import { Operator, ownFeeds } from './feeds-operator.ts';
import { feedback, keys, rules } from './feeds-people.suite.ts';
import { publishAll, type Published, publishing } from './feeds-publish.suite.ts';
import { Stage } from './feeds-stage.ts';
import { FeedsWorld, PEOPLE } from './feeds-world.ts';
import { type Network, startNetwork } from './network.ts';

describe('the feeds of a small world', () => {
  let network: Network;
  let stage: Stage;
  let published: Published;

  beforeAll(async () => {
    network = await startNetwork(PEOPLE);
    const [world, operator] = [new FeedsWorld(network), new Operator(network)];
    stage = new Stage({ network, world, operator });
    await world.happen();
    const pinned = [world.postOf('anna', 0), world.postOf('frank', 1), world.postOf('clara', 3)];
    for (const feed of ownFeeds(pinned.map(({ uri }) => uri))) await operator.drop(feed);
    await network.caughtUp();
    published = await publishAll(stage);
  });

  afterAll(async () => {
    // Undefined where it did not start; then it has cleaned up already.
    await (network as Network | undefined)?.[Symbol.asyncDispose]();
  });

  const onStage = (): Stage => stage;
  publishing(onStage, () => published);
  going(onStage);
  feedback(onStage);
  rules(onStage);
  keys(onStage);
  // Last, because some are ranked once a minute only.
  arriving(onStage);

  test('Skyflow never ended by itself', () => {
    expect(network.skyflow.restarts).toBe(0);
  });
});

import { parseArgs } from 'node:util';
import { openSagaRoom } from './room.ts';
import { playRound } from './round.ts';

/**
 * The long form of the saga's kill test: `node testing/saga/main.ts --rounds 100 [--from N]`. Each round kills the timeline
 * process, NATS or Redis under requests, and then checks that every accepted request ended once.
 */
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '100' }, from: { type: 'string', default: '1' } },
});
const [rounds, from] = [Number(values.rounds), Number(values.from)] as const;
if (![rounds, from].every((each) => Number.isInteger(each) && each > 0)) {
  process.stderr.write('usage: main.ts [--rounds N] [--from N]\n');
  process.exit(2);
}

const startedMs = performance.now();
const room = await openSagaRoom();
let failed = 0;
for (let seed = from; seed < from + rounds; seed += 1) {
  const wrong = await playRound(room, seed);
  if (wrong === '') continue;
  failed += 1;
  process.stdout.write(`round ${seed}: ${wrong}\nalone: node testing/saga/main.ts --rounds 1 --from ${seed}\n`);
}
const { deaths } = room.timeline;
await room.close();
const seconds = Math.round((performance.now() - startedMs) / 1000);
process.stdout.write(`saga rounds=${rounds} failed=${failed} timeline_deaths=${deaths} seconds=${seconds}\n`);
process.exit(failed > 0 ? 1 : 0);

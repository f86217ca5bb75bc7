import { parseArgs } from 'node:util';
import { playGame } from './game.ts';
import { TROUBLES } from './play.ts';

/**
 * `just torture-xp`: weeks of analyses through a gamification that is killed again and again, as are NATS, Redis and
 * Postgres; then everything is compared with the model. `node testing/gamification/torture-main.ts --analyses 10000 [--from N]`
 */
const { values } = parseArgs({
  options: {
    analyses: { type: 'string', default: '10000' },
    people: { type: 'string', default: '250' },
    days: { type: 'string', default: '45' },
    /** How many worlds, and the seed of the first. */
    worlds: { type: 'string', default: '1' },
    from: { type: 'string', default: '1' },
    /** How many things may go wrong in one round. */
    troubles: { type: 'string', default: '4' },
    /** Which; by default all of them. */
    kind: { type: 'string', multiple: true, default: [] },
    /** The Postgres within gamification, also where a server is installed. */
    embedded: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const [analyses, people, days, worlds, from, most] = [
  values.analyses,
  values.people,
  values.days,
  values.worlds,
  values.from,
  values.troubles,
].map(Number) as [number, number, number, number, number, number];
if (values.help || ![analyses, people, days, worlds].every((each) => Number.isInteger(each) && each > 0)) {
  process.stderr.write(
    'usage: torture-main.ts [--analyses N] [--people N] [--days N] [--worlds N] [--from SEED] [--troubles N] [--kind KIND]... [--embedded]\n',
  );
  process.exit(2);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const kinds = TROUBLES.filter((kind) => values.kind.length === 0 || values.kind.includes(kind));
let failed = 0;
const startedMs = performance.now();
for (let seed = from; seed < from + worlds; seed += 1) {
  const game = await playGame({
    seed,
    analyses,
    people,
    days,
    troubles: { most, kinds },
    say,
    embedded: values.embedded,
  });
  const wrong = await game.verify();
  const kills = Object.entries(game.toll).map(([what, times]) => `${what} ${times}`);
  const repeats = [...game.recorder.frames.values()].filter(({ times }) => times > 1).length;
  say(`world ${seed}: killed ${kills.join(', ')}; frames ${game.recorder.frames.size}, told again ${repeats}`);
  await game.close();
  if (wrong === '') continue;
  failed += 1;
  say(`${wrong}\nalone: node testing/gamification/torture-main.ts --from ${seed}`);
}
const seconds = Math.round((performance.now() - startedMs) / 1000);
say(`torture-xp worlds=${worlds} failed=${failed} analyses=${analyses * worlds} seconds=${seconds}`);
process.exit(failed > 0 ? 1 : 0);

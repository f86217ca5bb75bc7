import { setTimeout as delay } from 'node:timers/promises';
import { withMessageId } from '#pkg/bus/message-id.ts';
import { createRandom, type Random } from '#testing/simulator/random.ts';
import type { Round } from './delivery.ts';
import { type Message, messageOf } from './messages.ts';
import { type DayNumber, startMsOf } from './model/calendar.ts';
import type { TierFact } from './model/facts.ts';
import type { History } from './world.ts';
import type { Stage } from './stage.ts';
import { settled, until } from './settle.ts';

const minuteMs = 60_000;
/** Less than five minutes before midnight, so that what ends in the last millisecond of the day is not ahead of the clock. */
const eveningMs = (24 * 60 - 4.9) * minuteMs;

/** Every user has their row before anything is told of them, as when they sign in. */
export const signEverybodyIn = async (stage: Stage, history: History): Promise<void> => {
  const tiers = new Map(history.registered.map(({ userId, tier }) => [userId, tier]));
  const known = history.people.filter(({ account }) => account !== 'unknown');
  await stage.postgres.query(
    `INSERT INTO users (did, tier, deleted_at)
     SELECT did, tier, CASE WHEN has_left THEN now() END FROM unnest($1::text[], $2::text[], $3::boolean[]) AS u (did, tier, has_left)`,
    [
      known.map(({ userId }) => userId),
      known.map(({ userId }) => tiers.get(userId) ?? 'drift'),
      known.map(({ account }) => account === 'left'),
    ],
  );
};

/** As the API does when a tier changes, before the event tells it. */
const noteTiers = async ({ postgres }: Stage, messages: Round['messages']): Promise<void> => {
  const last = new Map<string, TierFact>();
  for (const { fact } of messages) {
    if (fact.kind === 'tier_changed' && fact.atMs >= (last.get(fact.userId)?.atMs ?? 0)) last.set(fact.userId, fact);
  }
  await until('the tiers of a round', async () => {
    await postgres.query(
      'UPDATE users u SET tier = t.tier FROM unnest($1::text[], $2::text[]) AS t (did, tier) WHERE u.did = t.did',
      [[...last.keys()], [...last.values()].map(({ to }) => to)],
    );
    return true;
  });
};

/** Publishes until the stream has it, whatever is away. */
const publish = async ({ bus }: Stage, { subject, bytes, messageId }: Message): Promise<void> => {
  for (;;) {
    try {
      await bus.js.publish(subject, bytes, { headers: withMessageId(messageId, []), timeout: 1_000 });
      return;
    } catch {
      await delay(50);
    }
  }
};

const publishAtOnce = 40;

const publishAll = async (stage: Stage, messages: readonly Message[]): Promise<void> => {
  for (let from = 0; from < messages.length; from += publishAtOnce) {
    await Promise.all(messages.slice(from, from + publishAtOnce).map((message) => publish(stage, message)));
  }
};

export const TROUBLES = ['gamification', 'nats', 'redis', 'redis emptied', 'postgres'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** What of it happened. */
export type Toll = Record<Trouble, number>;

/** Those that may end a delivery: a message has three, and one that lost all of them to kills would rightly be dead. */
const COSTLY: ReadonlySet<Trouble> = new Set(['gamification', 'nats']);
const maxCostly = 2;

const cause = async (stage: Stage, trouble: Trouble, awayMs: number): Promise<void> => {
  if (trouble === 'gamification') return stage.gamification.kill();
  if (trouble === 'nats') return stage.killNats();
  // Without a server of its own Postgres lives in the process of gamification.
  if (trouble === 'postgres') return stage.hasServer ? stage.killPostgres() : stage.gamification.kill();
  if (trouble === 'redis emptied') return stage.emptyRedis();
  await stage.redisServer.kill();
  await delay(awayMs);
  return stage.redisServer.start();
};

/** Which happen in each round, drawn beforehand so that they depend on the seed alone. */
const plan = (random: Random, { hasServer }: Pick<Stage, 'hasServer'>, { most, kinds }: Troubles): Trouble[] => {
  let costly = 0;
  return Array.from({ length: random.below(most + 1) }, () => random.pick(kinds)).filter((trouble) => {
    if (!COSTLY.has(trouble) && (hasServer || trouble !== 'postgres')) return true;
    costly += 1;
    return costly <= maxCostly;
  });
};

/** How many things may go wrong in a round, and which. */
export interface Troubles {
  readonly most: number;
  readonly kinds: readonly Trouble[];
}

export interface PlayOptions {
  readonly history: History;
  readonly rounds: readonly Round[];
  /** Published among the others of the first round. */
  readonly bad: readonly Message[];
  readonly troubles: Troubles;
  readonly seed: number;
  readonly say?: (line: string) => void;
}

/** Tells everything, round by round, each judged when it is through; with troubles while it is told. */
export const play = async (stage: Stage, options: PlayOptions): Promise<Toll> => {
  const { history, rounds, bad, troubles, say } = options;
  const random = createRandom(options.seed);
  const toll: Toll = { gamification: 0, nats: 0, redis: 0, 'redis emptied': 0, postgres: 0 };
  for (const [index, { messages, lastDay, judged }] of rounds.entries()) {
    const startedMs = performance.now();
    // More days than one in a round: gamification was away meanwhile, and has them to judge when it is back.
    if (judged.length > 1) await stage.gamification.kill({ down: true });
    stage.setClock(startMsOf(lastDay) + eveningMs);
    const all = [...(index === 0 ? bad : []), ...messages.map(({ fact, copy }) => messageOf(fact, copy))];
    await noteTiers(stage, messages);
    const planned = plan(random, stage, troubles);
    say?.(`round ${index}: ${all.length} messages; ${planned.join(', ') || 'calm'}`);
    const makeTrouble = async (): Promise<void> => {
      for (const trouble of planned) {
        await delay(random.below(400));
        await cause(stage, trouble, random.below(500));
        toll[trouble] += 1;
      }
    };
    if (judged.length > 1) {
      await publishAll(stage, all);
      await stage.gamification.launch();
      await makeTrouble();
    } else {
      await Promise.all([publishAll(stage, all), makeTrouble()]);
    }
    const toldMs = performance.now();
    // What the dead had in hand to publish is nobody else's for a while.
    const hurry = !planned.includes('nats');
    await settled(stage, `round ${index}`, hurry);
    const settledMs = performance.now();
    await midnight(stage, lastDay + 1);
    const took = [toldMs - startedMs, settledMs - toldMs, performance.now() - settledMs].map(Math.round);
    say?.(
      `round ${index}: ${all.length} messages, ${planned.join(', ') || 'calm'}; told, settled, judged in ${took.join(', ')} ms`,
    );
  }
  // Once more the sweep, over all that came of the last day.
  await workUntil(stage, 'sweep', startMsOf(history.firstDay + history.days) + 10 * minuteMs);
  await settled(stage, 'the last sweep');
  return toll;
};

/** How often a job looks whether it is due, and a little. */
const lookMs = 11_000;
const leaseOverMs = 1_500;

/** Lets the day begin, and waits until the one before is judged. */
const midnight = async (stage: Stage, day: DayNumber): Promise<void> => {
  await workUntil(stage, 'days', startMsOf(day));
  await settled(stage, 'a midnight');
};

/**
 * Lets it be that time, and waits until work by the calendar is done through it. A process that died with it in hand keeps it for
 * a minute; here that minute is a moment.
 */
const workUntil = async (stage: Stage, job: 'days' | 'sweep', ms: number): Promise<void> => {
  stage.setClock(ms + 1_000);
  let hurryAtMs = performance.now() + leaseOverMs;
  await until(`${job} until ${new Date(ms).toISOString()}`, async () => {
    const { rows } = await stage.postgres.query<{ until: number }>(
      'SELECT (extract(epoch FROM min(done_through)) * 1000)::bigint AS until FROM scheduled_jobs WHERE job = $1',
      [job],
    );
    if ((rows[0]?.until ?? 0) >= ms) return true;
    if (performance.now() < hurryAtMs) return false;
    hurryAtMs = performance.now() + leaseOverMs;
    await stage.postgres.query('UPDATE scheduled_jobs SET leased_until = now() WHERE leased_by IS NOT NULL');
    stage.setClock(stage.nowMs() + lookMs);
    return false;
  });
};

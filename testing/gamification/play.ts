import { setTimeout as delay } from 'node:timers/promises';
import { withMessageId } from '#pkg/bus/message-id.ts';
import { createRandom, type Random } from '#testing/simulator/random.ts';
import type { Round } from './delivery.ts';
import { type Message, messageOf } from './messages.ts';
import { type DayNumber, mondayOf, startMsOf } from './model/calendar.ts';
import type { Person, TierFact } from './model/facts.ts';
import type { History } from './world.ts';
import type { Stage } from './stage.ts';
import { settled, until } from './settle.ts';

const minuteMs = 60_000;
/** Less than five minutes before midnight, so that what ends in the last millisecond of the day is not ahead of the clock. */
const eveningMs = (24 * 60 - 4.9) * minuteMs;

/** As the API does when somebody signs in for the first time, before the event tells it. */
const signIn = async ({ postgres }: Stage, people: readonly Person[], messages: Round['messages']): Promise<void> => {
  const left = new Set(people.filter(({ account }) => account === 'left').map(({ userId }) => userId));
  const facts = messages.map(({ fact }) => fact).filter((fact) => fact.kind === 'registered');
  await until('signing in', async () => {
    await postgres.query(
      `INSERT INTO users (did, tier, created_at, deleted_at)
       SELECT did, tier, to_timestamp(ms / 1000), CASE WHEN has_left THEN to_timestamp(ms / 1000) END
       FROM unnest($1::text[], $2::text[], $3::float8[], $4::boolean[]) AS u (did, tier, ms, has_left)
       ON CONFLICT (did) DO NOTHING`,
      [
        facts.map(({ userId }) => userId),
        facts.map(({ tier }) => tier),
        facts.map(({ atMs }) => atMs),
        facts.map(({ userId }) => left.has(userId)),
      ],
    );
    return true;
  });
};

/** Each opts out on the first day, as users do. */
const hideSome = async ({ gamification }: Stage, people: readonly Person[]): Promise<void> => {
  for (const { userId, account, hidden } of people) {
    if (account !== 'here' || !hidden) continue;
    const request = { method: 'PUT' as const, path: 'me/leaderboard', userId, body: { visible: false } };
    const { status } = await gamification.request(request);
    if (status !== 200) throw new Error(`opting out was answered by ${status}`);
  }
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

/** How many things may go wrong in a round, and which. */
export interface Troubles {
  readonly most: number;
  readonly kinds: readonly Trouble[];
}

/** Draws troubles, by the seed alone; none comes a second time before all others have come. */
class Bag {
  readonly #random: Random;
  readonly #troubles: Troubles;
  #left: Trouble[] = [];

  constructor(random: Random, troubles: Troubles) {
    this.#random = random;
    this.#troubles = troubles;
  }

  draw({ hasServer }: Pick<Stage, 'hasServer'>): Trouble[] {
    let costly = 0;
    return Array.from({ length: this.#random.below(this.#troubles.most + 1) }, () => this.#next()).filter((trouble) => {
      if (!COSTLY.has(trouble) && (hasServer || trouble !== 'postgres')) return true;
      costly += 1;
      return costly <= maxCostly;
    });
  }

  #next(): Trouble {
    if (this.#left.length === 0) this.#left = [...this.#troubles.kinds];
    const [one] = this.#left.splice(this.#random.below(this.#left.length), 1);
    if (one === undefined) throw new RangeError('there are no kinds of trouble');
    return one;
  }
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
  const bag = new Bag(random, troubles);
  const toll: Toll = { gamification: 0, nats: 0, redis: 0, 'redis emptied': 0, postgres: 0 };
  for (const [index, { messages, lastDay, judged }] of rounds.entries()) {
    const startedMs = performance.now();
    await signIn(stage, history.people, messages);
    await noteTiers(stage, messages);
    if (index === 0) await hideSome(stage, history.people);
    // More days than one in a round: gamification was away meanwhile, and has them to judge when it is back.
    if (judged.length > 1) await stage.gamification.kill({ down: true });
    stage.setClock(startMsOf(lastDay) + eveningMs);
    const all = [...(index === 0 ? bad : []), ...messages.map(({ fact, copy }) => messageOf(fact, copy))];
    const planned = bag.draw(stage);
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
    say?.(`  told, settled, judged in ${took.join(', ')} ms`);
  }
  // Once more the sweep, over all that came of the last day.
  await workUntil(stage, 'sweep', startMsOf(history.firstDay + history.days) + 10 * minuteMs);
  await settled(stage, 'the last sweep');
  return toll;
};

/** How often a job looks whether it is due, and a little. */
const lookMs = 11_000;
const leaseOverMs = 1_500;

/** Lets the day begin, and waits until the one before is judged, and the week before is archived. */
const midnight = async (stage: Stage, day: DayNumber): Promise<void> => {
  await workUntil(stage, 'days', startMsOf(day));
  await workUntil(stage, 'weeks', startMsOf(mondayOf(day)));
  await settled(stage, 'a midnight');
};

/**
 * Lets it be that time, and waits until work by the calendar is done through it. A process that died with it in hand keeps it for
 * a minute; here that minute is a moment.
 */
const workUntil = async (stage: Stage, job: 'days' | 'weeks' | 'sweep', ms: number): Promise<void> => {
  if (stage.nowMs() < ms) stage.setClock(ms + 1_000);
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

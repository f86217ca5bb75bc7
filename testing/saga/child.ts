import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { createTimeline } from '#pkg/analysis/worker/timeline.ts';
import { type Bus, openBus } from '#pkg/bus/client.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { createPublisher } from '#pkg/bus/publish.ts';
import { readSql } from '#pkg/clickhouse/query.ts';
import type { Postgres } from '#pkg/postgres/client.ts';
import { openRedis } from '#pkg/redis/client.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { createLogger, LOG_LEVELS } from '#pkg/runtime/log.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';
import { answerTo } from './answer.ts';
import { BAD, DEADLY, type ChildOrders, type CrashPoint, type FromChild, type Step, type ToChild } from './steps.ts';

/**
 * The timeline service as a process that is there to be killed: real NATS and Redis, Postgres in the parent, a lens of the
 * test's own. The dependencies it gets are wrapped, so that it dies exactly where the parent says; the service itself
 * knows nothing of it.
 */
const orders = JSON.parse(process.argv[2] ?? '{}') as ChildOrders;
// `CRASH_LOG=info` shows what it thinks when a round fails.
const log = createLogger({ level: z.enum(LOG_LEVELS).catch('silent').parse(process.env['CRASH_LOG']) });
const send = (message: FromChild): void => void process.send?.(message);
// A parent that dies takes this process along, however it dies.
process.on('disconnect', () => process.exit(3));

let armed: CrashPoint | null = null;
let hits = 0;
const passing = (step: Step, when: CrashPoint['when']): void => {
  if (armed?.step !== step || armed.when !== when) return;
  hits += 1;
  if (hits === armed.hit) process.kill(process.pid, 'SIGKILL');
};
const taking = async <T>(step: Step | undefined, work: () => Promise<T>): Promise<T> => {
  if (step === undefined) return work();
  passing(step, 'before');
  const result = await work();
  passing(step, 'after');
  return result;
};

const waiting = new Map<number, (outcome: { rows?: unknown[]; error?: string }) => void>();
process.on('message', (message: ToChild) => {
  if ('arm' in message) {
    armed = message.arm;
    hits = 0;
    return;
  }
  waiting.get(message.id)?.(message);
  waiting.delete(message.id);
});

const worker = new URL('../../pkg/analysis/worker/x', import.meta.url).href;
const stepOfSql = new Map<string, Step>([
  [readSql(worker, 'begin.sql'), 'row begin'],
  [readSql(worker, 'complete.sql'), 'row complete'],
  [readSql(worker, 'fail.sql'), 'row fail'],
]);
let statements = 0;
const inParent = async (text: string, params: readonly unknown[]): Promise<unknown[]> => {
  statements += 1;
  const id = statements;
  const outcome = await new Promise<{ rows?: unknown[]; error?: string }>((resolve) => {
    waiting.set(id, resolve);
    send({ id, text, params });
  });
  if (outcome.error !== undefined) throw new Error(outcome.error);
  return outcome.rows ?? [];
};
const postgres: Pick<Postgres, 'query'> = {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the seam's own signature
  query: async <T>(text: string, params: readonly unknown[] = []) => ({
    rows: (await taking(stepOfSql.get(text), () => inParent(text, params))) as T[],
  }),
};

const stepOfSubject = new Map<string, Step>([
  [EVENTS.timelineCompleted.subject, 'publish completed'],
  [EVENTS.realtimeAnalysisCompleted.subject, 'publish told completed'],
  [EVENTS.timelineFailed.subject, 'publish failed'],
  [EVENTS.realtimeAnalysisFailed.subject, 'publish told failed'],
]);

const bus = await openBus({ url: orders.natsUrl, log });
const js: Bus['js'] = new Proxy(bus.js, {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    const method = value.bind(target) as (...given: unknown[]) => Promise<unknown>;
    return (subject: unknown, ...rest: unknown[]) => {
      const isDead = name === 'publish' && String(subject).startsWith('dlq.');
      return isDead ? taking('publish dead letter', () => method(subject, ...rest)) : method(subject, ...rest);
    };
  },
});
const publisher = createPublisher(bus, log);

const { redis } = await openRedis({ url: orders.redisUrl, log });
const stepOfCommand = (name: string | symbol, args: readonly unknown[]): Step | undefined => {
  if (name === 'getBuffer') return 'cache read';
  if (name === 'set') return 'lock';
  return name === 'eval' && args[1] === 2 ? 'cache store' : undefined;
};
const watchedRedis = new Proxy(redis, {
  get: (target, name) => {
    const value: unknown = Reflect.get(target, name, target);
    if (typeof value !== 'function') return value;
    const method = value.bind(target) as (...given: unknown[]) => unknown;
    return (...args: unknown[]) => {
      const step = stepOfCommand(name, args);
      return step === undefined ? method(...args) : taking(step, async () => method(...args));
    };
  },
});

const { services } = createTimeline({
  lenses: {
    answer: (question) =>
      taking('compute', async () => {
        await delay(5);
        if (question.did === DEADLY) process.kill(process.pid, 'SIGKILL');
        if (question.did.startsWith(BAD)) throw new Error('this account cannot be computed');
        return answerTo(question, 1);
      }),
  },
  postgres,
  redis: watchedRedis,
  bus: new Proxy(bus, { get: (target, name) => (name === 'js' ? js : Reflect.get(target, name, target)) as unknown }),
  publisher: {
    publish: (event, signal) => taking(stepOfSubject.get(event.subject), () => publisher.publish(event, signal)),
  },
  clock: systemClock,
  log,
  registry: createMetrics(),
  retryDelaysMs: [20, 40],
  // Longer than the server's patience with the dead, so that the next process finds the lock taken and waits for it.
  lockTtlMs: 2_000,
});
send('running');
await Promise.all(services.map((service) => service.run(new AbortController().signal)));

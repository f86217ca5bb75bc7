import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** What the processes of the bus bench are told: a JSON object a line on their standard input. All answer each with one line. */
export const busOrder = z.discriminatedUnion('do', [
  /** Where the stores are; the URLs hold passwords and so come this way only. */
  z.object({
    do: z.literal('open'),
    natsUrl: z.string(),
    redisUrl: z.string().default(''),
    /** Gamification only; without it it runs a Postgres of its own in `dataDir`. */
    postgresUrl: z.string().optional(),
    dataDir: z.string(),
    users: z.array(z.string()).default([]),
    /** The publisher: every so manieth of the users has a connection. */
    watchEvery: z.int().positive().default(1),
  }),
  /** The publisher: so many a second of users drawn by lot, for so long; `each`: one for every user instead, as fast as it goes. */
  z.object({ do: z.literal('publish'), rate: z.number(), seconds: z.number(), each: z.boolean().default(false) }),
  /** The clients: a connection for each token. */
  z.object({ do: z.literal('connect'), port: z.number(), tokens: z.array(z.string()) }),
  /** Clients and gamification: latencies since the last time. */
  z.object({ do: z.literal('collect') }),
  /** Gamification: one statement. */
  z.object({ do: z.literal('query'), text: z.string() }),
]);
export type BusOrder = z.infer<typeof busOrder>;

export const busAnswer = z.object({
  /** Events published, connections open, a port: what the order is about. */
  count: z.number().default(0),
  /** Of those published, how many were for the users who have a connection. */
  watched: z.number().default(0),
  latenciesMs: z.array(z.number()).default([]),
  rows: z.array(z.record(z.string(), z.unknown())).default([]),
});
export type BusAnswer = z.infer<typeof busAnswer>;

/** Answers orders one after the other until standard input ends. */
export const obey = async (work: (order: BusOrder) => Promise<z.input<typeof busAnswer>>): Promise<never> => {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await work(busOrder.parse(JSON.parse(line))))}\n`);
  }
  process.exit(0);
};

/** A process of the bench; it ends when its standard input does, so also when this process is killed. */
export class BusHelper {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(file: string) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const flags = ['--disable-warning=ExperimentalWarning', path];
    const child = spawn(process.execPath, flags, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  async ask(order: z.input<typeof busOrder>): Promise<BusAnswer> {
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('a process of the bench has ended');
    return busAnswer.parse(JSON.parse(line.value));
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/** The correlation id of an analysis says when it was published, for whoever sees what came of it. */
export const correlationAt = (ms: number, count: number): string => `${ms.toFixed(3)}-${count}`;
export const publishedAt = (correlationId: string): number =>
  Number(correlationId.slice(0, correlationId.indexOf('-')));

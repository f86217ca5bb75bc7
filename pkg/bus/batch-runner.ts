import { Answers } from './answers.ts';
import type { ConsumeMetrics, Status } from './consume-metrics.ts';
import { unfinished } from './dead-letter.ts';
import type { Delivery } from './delivery.ts';
import { type Held as AnyHeld, keyOf } from './held.ts';
import type { Outcome } from './outcome.ts';
import type { Runner } from './pull-loop.ts';
import { attemptOf, type Read } from './reading.ts';
import { type Ready, Settling, type SettlingOptions, type Unread } from './settling.ts';
import { SuspectLine } from './suspects.ts';
import { Trial, type TrialOptions } from './trial.ts';

/** What a batch runner needs. */
export interface BatchRunnerOptions<M> extends TrialOptions<M>, Omit<SettlingOptions<M>, 'answers'> {
  metrics: ConsumeMetrics;
  /** How many messages the handler gets at once at most. */
  maxBatch: number;
  read: (delivery: Delivery) => Read<M>;
}

interface Held extends AnyHeld {
  readonly startedMs: number;
  /** Ends the promise that `run` gave. */
  readonly resolve: () => void;
}

/**
 * Gives the handler all that has come since it was last called, at once. What was delivered before is given to it alone,
 * with nothing beside it.
 */
export class BatchRunner<M> implements Runner {
  readonly #options: BatchRunnerOptions<M>;
  readonly #held = new Map<string, Held>();
  readonly #line: SuspectLine<Held>;
  readonly #answers: Answers;
  readonly #settling: Settling<M>;
  readonly #trial: Trial<M>;
  #fresh: Held[] = [];
  #isWorking = false;

  constructor(options: BatchRunnerOptions<M>) {
    this.#options = options;
    this.#line = new SuspectLine(options.clock);
    this.#answers = new Answers(options);
    this.#settling = new Settling({ ...options, answers: this.#answers });
    this.#trial = new Trial(options);
  }

  /** How many messages are being worked on, or wait for it. */
  get running(): number {
    return this.#held.size;
  }

  /** Resolves when the delivery is answered. Never rejects. */
  run(delivery: Delivery): Promise<void> {
    const key = keyOf(delivery);
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.delivery = delivery;
      return Promise.resolve();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    const held: Held = { key, delivery, startedMs: this.#options.clock.nowMs(), resolve };
    this.#held.set(key, held);
    this.#fresh.push(held);
    if (!this.#isWorking) {
      this.#isWorking = true;
      // What came with it on the wire is then here too.
      setImmediate(() => void this.#work());
    }
    return promise;
  }

  /** Tells the server that all messages are being worked on. */
  keepAlive(): void {
    for (const { delivery } of this.#held.values()) delivery.working();
  }

  /** Aborts the signal of the handler. What it throws from now on is the shutdown's doing. */
  abort(reason: Error): void {
    this.#answers.stop();
    this.#trial.end(reason);
  }

  /** Gives the messages back whose handler did not end. */
  release(): number {
    for (const held of this.#held.values()) this.#answers.nak(held);
    return this.#held.size;
  }

  async #work(): Promise<void> {
    while (this.#fresh.length + this.#line.size > 0) {
      if (this.#trial.over.aborted) {
        for (const held of [...this.#fresh.splice(0), ...this.#line.takeAll()]) this.#giveBack(held);
        break;
      }
      this.#lineUp();
      // Nothing goes beside one that may end the process.
      if (this.#line.size > 0) await this.#nextSuspect();
      else await this.#batch(this.#fresh.splice(0, this.#options.maxBatch));
    }
    this.#isWorking = false;
  }

  /** A fresh one may have become a suspect while it waited: the connection was lost, and another process had it. */
  #lineUp(): void {
    if (!this.#fresh.some(isSuspect)) return;
    const all = this.#fresh;
    this.#fresh = all.filter((held) => !isSuspect(held));
    for (const held of all.filter(isSuspect)) this.#line.add(held);
  }

  async #batch(batch: readonly Held[]): Promise<void> {
    const ready: Ready<M, Held>[] = [];
    const others: [Held, Unread<M>][] = [];
    for (const held of batch) {
      if (this.#isForgotten(held)) continue;
      const read = this.#options.read(held.delivery);
      if (read.kind === 'message') ready.push({ held, message: read.message, attempt: attemptOf(held.delivery) });
      else others.push([held, read]);
    }
    if (ready.length > 0) await this.#readyBatch(ready);
    for (const [held, read] of others) await this.#ending(held, () => this.#settling.unread(held, read));
  }

  async #readyBatch(ready: readonly Ready<M, Held>[]): Promise<void> {
    const verdict = await this.#trial.hear(ready.map(({ message }) => message));
    if (verdict.kind === 'released') {
      for (const { held } of ready) this.#giveBack(held);
    } else if (verdict.kind === 'outcomes') {
      await this.#answerAll(ready, verdict.outcomes);
    } else if (ready.length === 1) {
      const { error } = verdict;
      for (const one of ready)
        await this.#ending(one.held, () => this.#settling.answer(one, this.#settling.failure(one, error)));
    } else {
      await this.#oneByOne(ready, verdict.error);
    }
  }

  /** After a batch that threw: only who throws alone has failed. */
  async #oneByOne(ready: readonly Ready<M, Held>[], error: Error): Promise<void> {
    this.#options.log.warn({ err: error, messages: ready.length }, 'handling a batch failed; trying one by one');
    for (const one of ready) await this.#ending(one.held, () => this.#alone(one));
  }

  /** Nobody waits for the server to take the acknowledgements down: one that is lost is a repeated delivery, no more. */
  async #answerAll(ready: readonly Ready<M, Held>[], outcomes: readonly Outcome[]): Promise<void> {
    try {
      await this.#answers.untilConnected();
    } catch (error) {
      for (const { held } of ready) this.#unanswered(held, error);
      return;
    }
    const others: [Ready<M, Held>, Outcome][] = [];
    for (const [index, one] of ready.entries()) {
      const outcome = outcomes[index];
      if (outcome?.kind === 'ack') {
        this.#answers.ackUnheard(one.held);
        this.#end(one.held, 'success');
      } else if (outcome !== undefined) {
        others.push([one, outcome]);
      }
    }
    for (const [one, outcome] of others) await this.#ending(one.held, () => this.#settling.answer(one, outcome));
  }

  async #nextSuspect(): Promise<void> {
    const next = await this.#line.next(this.#trial.over);
    if (next === undefined) return;
    const { held, isGuilty } = next;
    if (this.#trial.over.aborted) return this.#giveBack(held);
    if (this.#isForgotten(held)) return;
    await this.#ending(held, async () => {
      const read = this.#options.read(held.delivery);
      if (read.kind !== 'message') return this.#settling.unread(held, read);
      const { message } = read;
      const attempt = attemptOf(held.delivery);
      const verdict = this.#settling.verdictOf(held);
      if (verdict !== undefined) return this.#settling.bury(held, message, verdict);
      if (isGuilty && !this.#options.neverDead) return this.#settling.bury(held, message, unfinished(attempt));
      return this.#alone({ held, message, attempt });
    });
    this.#line.left();
  }

  async #alone(one: Ready<M, Held>): Promise<Status> {
    const verdict = await this.#trial.hear([one.message]);
    await this.#answers.untilConnected();
    if (verdict.kind === 'released') {
      this.#answers.nak(one.held);
      return 'failed';
    }
    const [outcome] = verdict.kind === 'outcomes' ? verdict.outcomes : [this.#settling.failure(one, verdict.error)];
    if (outcome === undefined) throw new Error('unreachable: a trial gives an outcome for each message');
    return this.#settling.answer(one, outcome);
  }

  /** The end of one message, whatever `work` comes to. */
  async #ending(held: Held, work: () => Promise<Status>): Promise<void> {
    try {
      this.#end(held, await work());
    } catch (error) {
      this.#unanswered(held, error);
    }
  }

  /** Its stream ended while it waited here. Nothing is done with it, as with the others that were in that stream. */
  #isForgotten(held: Held): boolean {
    const isForgotten = this.#answers.isOver(held.delivery);
    if (isForgotten) this.#end(held, 'failed');
    return isForgotten;
  }

  #giveBack(held: Held): void {
    this.#answers.nak(held);
    this.#end(held, 'failed');
  }

  /** The server will deliver it again. */
  #unanswered(held: Held, error: unknown): void {
    this.#options.log.warn({ err: error, subject: held.delivery.subject }, 'a message could not be answered');
    this.#held.delete(held.key);
    held.resolve();
  }

  #end(held: Held, status: Status): void {
    const { clock, metrics } = this.#options;
    this.#held.delete(held.key);
    metrics.record(held.delivery.subject, status, (clock.nowMs() - held.startedMs) / 1000);
    held.resolve();
  }
}

/** Whether it was delivered before, so that it may have ended a process. */
function isSuspect({ delivery }: Held): boolean {
  return delivery.deliveryCount > 1;
}

import type { Bus } from '#pkg/bus/client.ts';
import { type BatchHandler, consumeBatch, dead, type Outcome, type ReceivedEvent } from '#pkg/bus/consume-batch.ts';
import { EVENTS } from '#pkg/bus/events.ts';
import { isStoreAway } from '#pkg/rest/away.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { toError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Registry } from '#pkg/runtime/metrics.ts';
import { orLate } from '#pkg/runtime/waiting.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Settled } from '../ledger/settled.ts';
import type { RecheckDeed } from '../model.ts';
import { MOST_XP_OF_A_ROW } from '../rules/amounts.ts';
import { outcomeOf } from './awarder.ts';
import { refuseEnvelope, refuseUser } from './refusals.ts';

/** What achievements want to know from the index. */
export interface Figures {
  readonly networkSize: number;
  readonly trackedUsers: number;
}

interface Parts {
  readonly ledger: Pick<Ledger, 'settle' | 'readPlayers'>;
  readonly network: { figures(dids: readonly string[]): Promise<ReadonlyMap<string, Figures>> };
  readonly clock: Clock;
  readonly log: Logger;
}

export interface AchievementCheckerDeps extends Parts {
  readonly bus: Bus;
  readonly registry: Registry;
}

/** Figures are good for this long; the sweep looks after those who earn nothing meanwhile. */
const FRESH_MS = 3_600_000;
/** Users of one batch about whom the index is asked. The others' turn comes with their next XP, or with the sweep. */
const MOST_ASKED = 20;
/** An index that does not answer is left alone for a while. */
const PATIENCE_MS = 10_000;
const PAUSE_MS = 60_000;
/** Users remembered as looked at; above that the oldest are forgotten and looked at again. */
const MOST_REMEMBERED = 50_000;

type XpEarned = typeof EVENTS.xpEarned;
type Earned = ReceivedEvent<XpEarned>;

/**
 * Looks, whenever somebody earns XP, whether the index' figures about them unlock anything. All other achievements were
 * looked at already, in the transaction that brought the XP.
 */
export const achievementChecker = ({ bus, registry, ...parts }: AchievementCheckerDeps): Service =>
  consumeBatch({
    bus,
    durable: 'achievement-checker',
    event: EVENTS.xpEarned,
    handler: checkerHandler(parts),
    isAway: isStoreAway,
    clock: parts.clock,
    log: parts.log,
    registry,
  });

export function checkerHandler(parts: Parts): BatchHandler<XpEarned> {
  const { ledger, clock } = parts;
  const recent = new RecentlySeen();
  const index = new PatientIndex(parts);
  return async (events) => {
    const nowMs = clock.nowMs();
    const refused = events.map((event) => refusal(event, nowMs));
    const news = new Map<string, Earned>();
    for (const [at, event] of events.entries()) {
      if (refused[at] === undefined && !recent.has(event.message.userId, nowMs)) news.set(event.message.userId, event);
    }
    const answers = news.size === 0 ? new Map<string, Settled>() : await look(news, nowMs);
    return events.map(({ message }, at) => refused[at] ?? outcomeOf(answers.get(message.userId) ?? 'known'));
  };

  /** Settles what became known of these users; only of them there are answers. */
  async function look(news: ReadonlyMap<string, Earned>, nowMs: number): Promise<Map<string, Settled>> {
    const players = await ledger.readPlayers([...news.keys()]);
    const stale: string[] = [];
    const strangers: string[] = [];
    for (const userId of news.keys()) {
      const player = players.get(userId);
      if (player === undefined) strangers.push(userId);
      else if ((player.networkAtMs ?? 0) > nowMs - FRESH_MS) recent.add(userId, (player.networkAtMs ?? 0) + FRESH_MS);
      else stale.push(userId);
    }
    const asked = stale.slice(0, MOST_ASKED);
    const figures = await index.ask(asked);
    const deeds: RecheckDeed[] = [];
    for (const [userId, { correlationId, eventId: causationId }] of news) {
      const found = figures.get(userId);
      // Strangers are settled too: the answer says who they are.
      if (found === undefined && !strangers.includes(userId)) continue;
      deeds.push({ kind: 'recheck', userId, atMs: nowMs, correlationId, causationId, ...found });
    }
    const settled = await ledger.settle(deeds);
    for (const userId of asked) recent.add(userId, nowMs + (figures.has(userId) ? FRESH_MS : PAUSE_MS));
    return new Map(deeds.map(({ userId }, at) => [userId, settled[at] ?? 'known']));
  }
}

function refusal(event: Earned, nowMs: number): Outcome | undefined {
  const { userId, xpDelta } = event.message;
  const outcome = refuseEnvelope(event, nowMs) ?? refuseUser(userId);
  if (outcome !== undefined || Math.abs(xpDelta) <= MOST_XP_OF_A_ROW) return outcome;
  return dead(`the xp_delta ${xpDelta} is beyond ${MOST_XP_OF_A_ROW}`);
}

/** Whose figures need no look for now, so that a busy hour does not ask the database about each of their events. */
class RecentlySeen {
  readonly #untilMs = new Map<string, number>();

  has(userId: string, nowMs: number): boolean {
    return (this.#untilMs.get(userId) ?? 0) > nowMs;
  }

  add(userId: string, untilMs: number): void {
    this.#untilMs.delete(userId);
    this.#untilMs.set(userId, untilMs);
    const [oldest] = this.#untilMs.keys();
    if (this.#untilMs.size > MOST_REMEMBERED && oldest !== undefined) this.#untilMs.delete(oldest);
  }
}

/** Asks the index, and holds nobody up when it does not answer: XP must not wait for it. */
class PatientIndex {
  readonly #parts: Parts;
  #notBeforeMs = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async ask(userIds: readonly string[]): Promise<ReadonlyMap<string, Figures>> {
    const { network, clock, log } = this.#parts;
    const nobody = new Map<string, Figures>();
    if (userIds.length === 0 || clock.nowMs() < this.#notBeforeMs) return nobody;
    const failed = (error: Error) => {
      this.#notBeforeMs = clock.nowMs() + PAUSE_MS;
      log.warn({ err: error, users: userIds.length }, 'the index does not tell the figures of users; the sweep will');
      return nobody;
    };
    try {
      const late = new Error(`no answer within ${PATIENCE_MS} ms`);
      const found = await orLate(network.figures(userIds), PATIENCE_MS, late, clock);
      return found instanceof Error ? failed(found) : found;
    } catch (error) {
      return failed(toError(error));
    }
  }
}

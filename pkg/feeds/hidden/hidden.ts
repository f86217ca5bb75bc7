import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Hidden, Rules } from '../parts.ts';
import { createMarks } from './marks.ts';
import { openTail, overlapMs } from './tail.ts';

export interface HiddenOptions {
  readonly store: ClickHouse;
  readonly rules: Pick<Rules, 'isBanned' | 'epoch'>;
  /** Values of the labels whose posts no feed shows: rankings may be older than what the operator says now. */
  readonly blockedLabels: ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Logger;
  /** How old a ranking may be that is still shown, in milliseconds: what went away before that need not be remembered. */
  readonly horizonMs: () => number;
  /** Deleted posts that are remembered; a hundred bytes each. */
  readonly maxPosts?: number;
}

/** What went away, as far as it has been read. */
export interface HiddenTail extends Hidden {
  /** When the end of the table was last read, in ms since 1970; undefined: not yet, so that gone posts may be shown. */
  readAtMs(): number | undefined;
  /** Resolves when it was tried for the first time: rankings of an earlier run show what went away since, until then. */
  readonly firstTried: Promise<void>;
}

const pauseMs = 300;
const pauseAfterFailureMs = 2_000;
const forgetEveryMs = 60_000;
const dayMs = 86_400_000;
/** What is kept beyond the horizon: rankings are forgotten a moment after their time. */
const marginMs = 60_000;

/** Reads the end of the table `gone` and asks the rules. Everything is answered from memory. */
export const createHidden = (options: HiddenOptions): HiddenTail => {
  const { store, rules, blockedLabels, clock, log, horizonMs, maxPosts = 1_000_000 } = options;
  const marks = createMarks(maxPosts);
  let changes = 0;
  let readAtMs: number | undefined;
  const firstTried = Promise.withResolvers<void>();

  const run: Service['run'] = async (signal) => {
    // At the start nobody knows yet how old the rankings are that wait in Redis.
    const tail = openTail({ store, clock, marks }, clock.nowMs() - Math.max(horizonMs(), dayMs));
    let forgottenAtMs = clock.nowMs();
    let isAway = false;
    const readOn = async (): Promise<void> => {
      try {
        if (await tail.read(signal)) changes += 1;
        readAtMs = clock.nowMs();
        if (isAway) log.info('deleted posts and accounts are noticed again');
        isAway = false;
      } catch (error) {
        if (signal.aborted) return;
        if (!isAway) log.warn({ err: error }, 'cannot read what was deleted; feeds may show it until that works again');
        isAway = true;
      }
    };
    while (!signal.aborted) {
      await readOn();
      firstTried.resolve();
      if (clock.nowMs() - forgottenAtMs >= forgetEveryMs) {
        forgottenAtMs = clock.nowMs();
        marks.forget(forgottenAtMs - horizonMs() - marginMs - overlapMs);
      }
      await clock.sleep(isAway ? pauseAfterFailureMs : pauseMs, signal);
    }
  };

  return {
    why: (post, rankedAtMs) => {
      const goneAtMs = marks.postGoneAtMs(post);
      // A mark that the ranking has seen says nothing any more: the post may have come back since.
      if (goneAtMs !== undefined && goneAtMs >= rankedAtMs - overlapMs) return 'deleted';
      if (marks.isAccountGone(post.actorId)) return 'inactive_author';
      if (rules.isBanned(post.uri.slice('at://'.length, post.uri.indexOf('/', 'at://'.length)))) return 'banned_author';
      if (rules.isBanned(post.uri)) return 'banned_post';
      return post.labels?.some((label) => blockedLabels.has(label)) === true ? 'blocked_label' : undefined;
    },
    epoch: () => changes + rules.epoch(),
    readAtMs: () => readAtMs,
    firstTried: firstTried.promise,
    services: [{ name: 'feeds-hidden', run }],
  };
};

import type { Postgres } from '#pkg/postgres/client.ts';
import type { Clock } from '#pkg/runtime/clock.ts';
import { isAbortError, toError } from '#pkg/runtime/errors.ts';
import type { Service } from '#pkg/runtime/lifecycle.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Rules } from '../parts.ts';
import { ApiKeys } from './api-keys.ts';
import {
  DEFAULT_BOUNDS,
  type Held,
  readTables,
  readVersions,
  RULE_TABLES,
  type RuleBounds,
  type Versions,
} from './held.ts';
import { RuleWriter } from './writer.ts';

export interface RulesOptions {
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of what is held in memory; default 100,000 members and 200,000 bans. */
  readonly bounds?: Partial<RuleBounds>;
}

/** What the operator said, how it is changed, and the keys of programs that act for the operator. */
export interface OperatorRules extends Rules {
  readonly write: RuleWriter;
  readonly keys: ApiKeys;
}

const POLL_MS = 1_000;

/**
 * Reads the rules into memory. The service notices within a second what other processes change; what is changed through
 * `write` is in force here when the call resolves.
 * @throws UserError where there is more than may be held; what Postgres threw
 */
export async function createRules(options: RulesOptions): Promise<OperatorRules> {
  const { postgres, clock, log } = options;
  const bounds = { ...DEFAULT_BOUNDS, ...options.bounds };
  const memory = new Memory(postgres, bounds);
  await memory.reload();
  const write = new RuleWriter({ postgres, clock, bounds, changed: () => memory.refresh(), held: () => memory.held });
  return {
    members: (rkey) => memory.held.members.get(rkey) ?? NOBODY,
    isBanned: (didOrUri) => memory.held.bans.has(didOrUri),
    publishers: (rkey) => memory.publishers.get(rkey) ?? NOBODY,
    epoch: () => memory.epoch,
    reload: () => memory.reload(),
    services: [watching(memory, clock, log)],
    write,
    keys: new ApiKeys({ postgres, clock, log }),
  };
}

const NOBODY: ReadonlySet<string> = new Set();

/** The tables in memory. One reading at a time; a call resolves when a reading that began after it has ended. */
class Memory {
  held: Held = { members: new Map(), bans: new Set(), publications: [] };
  publishers: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  epoch = 0;
  #versions: Versions = new Map();
  #last: Promise<void> = Promise.resolve();
  readonly #postgres: Postgres;
  readonly #bounds: RuleBounds;

  constructor(postgres: Postgres, bounds: RuleBounds) {
    this.#postgres = postgres;
    this.#bounds = bounds;
  }

  /** Reads every table. */
  reload(): Promise<void> {
    return this.#queue(() => this.#read(true));
  }

  /** Reads the tables that changed. */
  refresh(): Promise<void> {
    return this.#queue(() => this.#read(false));
  }

  #queue(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #read(all: boolean): Promise<void> {
    // The versions first: a table may be newer than its version says, and is then read once more. Never the other way round.
    const versions = await readVersions(this.#postgres);
    const changed = RULE_TABLES.filter((name) => all || versions.get(name) !== this.#versions.get(name));
    if (changed.length === 0) return;
    this.held = { ...this.held, ...(await readTables(this.#postgres, changed, this.#bounds)) };
    this.#versions = versions;
    if (changed.includes('publications')) this.publishers = byFeed(this.held.publications);
    this.epoch += 1;
  }
}

function byFeed(publications: Held['publications']): ReadonlyMap<string, ReadonlySet<string>> {
  const publishers = new Map<string, Set<string>>();
  for (const { rkey, publisherDid } of publications) {
    const known = publishers.get(rkey);
    if (known === undefined) publishers.set(rkey, new Set([publisherDid]));
    else known.add(publisherDid);
  }
  return publishers;
}

/** Looks every second. What fails is said once, and what is in memory stays in force. */
function watching(memory: Memory, clock: Clock, log: Logger): Service {
  return {
    name: 'feed-rules',
    async run(signal) {
      let isFailing = false;
      while (!signal.aborted) {
        try {
          await clock.sleep(POLL_MS, signal);
          await memory.refresh();
          if (isFailing) log.info('members and bans of feeds are read again');
          isFailing = false;
        } catch (thrown) {
          if (signal.aborted && isAbortError(thrown)) return;
          if (!isFailing) {
            log.warn(
              { err: toError(thrown) },
              'members and bans of feeds cannot be read; those in memory stay in force',
            );
          }
          isFailing = true;
        }
      }
    },
  };
}

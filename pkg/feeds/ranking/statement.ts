import type { Keys } from '#pkg/clickhouse/keys.ts';
import type { Feed, Viewer } from '../feed.ts';
import { rowsOf } from './limits.ts';

/** The name under which the number of rows is given: a feed's setting cannot have it (it would have to be in its statement). */
const rowsParameter = 'ranked_rows';

/**
 * A feed's statement, best first and no longer than is of use. What is no finite number is put last: a statement that divides by
 * zero now and then still gives its good rows. The statement stays on its own lines, which
 * the engine names where one is wrong, and may end in a comment.
 */
export const wrapped = (sql: string): string => `SELECT * FROM (${sql.trim().replace(/;$/, '')}
) ORDER BY toFloat64OrNull(toString(score)) < inf DESC NULLS LAST, score DESC LIMIT {${rowsParameter}:UInt64}`;

/** What a statement may be told besides its own settings. */
export interface Told {
  readonly viewer: Viewer | undefined;
  readonly langs: readonly string[];
  /** Ids of those the viewer follows. */
  readonly follows: readonly bigint[];
  /** DIDs. */
  readonly members: ReadonlySet<string>;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly keys: Keys;
}

const placeholder = /\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*:/g;

/** The parameters that a feed's statement names, and no others: a thousand members are not sent to one that does not ask. */
export const paramsOf = (feed: Feed, told: Told): Record<string, unknown> => {
  const given: Readonly<Record<string, () => unknown>> = {
    viewer: () => told.viewer?.id,
    viewer_follows: () => told.follows,
    viewer_langs: () => told.langs,
    // Seconds since 1970: a date in words would be read in the time zone of the server.
    now: () => (told.nowMs / 1000).toFixed(3),
    members: () => [...told.members].map((did) => told.keys.actorId(did)),
  };
  const params: [string, unknown][] = [[rowsParameter, rowsOf(feed)]];
  for (const name of new Set([...feed.sql.matchAll(placeholder)].map(([, name = '']) => name))) {
    const value = Object.hasOwn(given, name) ? given[name]?.() : feed.settings[name];
    if (value !== undefined) params.push([name, value]);
  }
  return Object.fromEntries(params);
};

import { type Column, RowWriter } from '#pkg/clickhouse/row-binary.ts';
import { type Day, MS_PER_DAY } from './day.ts';

/** Visits of one visitor to one feed on one day. */
export interface Counted {
  readonly day: Day;
  readonly rkey: string;
  /** '' for all who are not signed in. Never stored: see visitor.ts. */
  readonly did: string;
  requests: number;
  firstPages: number;
  /** The deepest position reached. */
  depth: number;
}

/** Counts by day, feed and visitor, up to a number of entries. */
export class CountedVisits {
  readonly #most: number;
  readonly #entries = new Map<string, Counted>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds visits. False: there is no room for another entry, they are not counted. */
  add(visits: Readonly<Counted>): boolean {
    const { day, rkey, did } = visits;
    // Neither a day nor an rkey nor a DID holds a space.
    const key = `${day} ${rkey} ${did}`;
    const known = this.#entries.get(key);
    if (known === undefined) {
      if (this.#entries.size >= this.#most) return false;
      this.#entries.set(key, { ...visits });
      return true;
    }
    known.requests += visits.requests;
    known.firstPages += visits.firstPages;
    known.depth = Math.max(known.depth, visits.depth);
    return true;
  }

  values(): Iterable<Readonly<Counted>> {
    return this.#entries.values();
  }
}

export const visitColumns: readonly Column[] = [
  { name: 'day', type: 'Date' },
  { name: 'feed', type: 'LowCardinality(String)' },
  { name: 'visitor', type: 'UInt64' },
  { name: 'requests', type: 'SimpleAggregateFunction(sum, UInt64)' },
  { name: 'first_pages', type: 'SimpleAggregateFunction(sum, UInt64)' },
  { name: 'depth', type: 'SimpleAggregateFunction(max, UInt32)' },
];

/** Rows of `feed_visits` in the order of `visitColumns`. */
export const writeVisits = (
  visits: Iterable<Readonly<Counted>>,
  visitorId: (day: Day, did: string) => bigint,
): Buffer => {
  const writer = new RowWriter(4_096);
  for (const { day, rkey, did, requests, firstPages, depth } of visits) {
    const days = Date.parse(day) / MS_PER_DAY;
    writeLittle(writer, days, 2);
    writer.text(rkey);
    writer.u64(visitorId(day, did));
    writer.i64(requests);
    writer.i64(firstPages);
    writeLittle(writer, depth, 4);
    writer.endRow();
  }
  return writer.bytes();
};

const writeLittle = (writer: RowWriter, value: number, bytes: number): void => {
  for (let byte = 0; byte < bytes; byte += 1) writer.u8(Math.floor(value / 256 ** byte) % 256);
};

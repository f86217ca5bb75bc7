/** As many as go into one statement: its text grows by some 20 bytes an id. */
const atOnce = 5_000;
/** So few are not worth a second statement. */
const together = 100;
/** Parts under way at the same time: one for each core of a small machine, since much of a statement runs on one thread. */
const partsAtOnce = 2;

/**
 * Asks about many things in parts, two at a time, and returns all rows together. The order of the rows says nothing.
 * @throws whatever the first part that fails throws; the others are waited for
 */
export const inParts = async <Item, Row>(
  items: readonly Item[],
  ask: (part: readonly Item[]) => Promise<readonly Row[]>,
): Promise<Row[]> => {
  const parts = Math.max(Math.ceil(items.length / atOnce), items.length > together ? partsAtOnce : 1);
  const size = Math.ceil(items.length / parts);
  const waiting = Array.from({ length: items.length === 0 ? 0 : parts }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
  const rows: Row[] = [];
  const work = async (): Promise<void> => {
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift()) rows.push(...(await ask(part)));
  };
  const results = await Promise.allSettled(Array.from({ length: partsAtOnce }, work));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
  return rows;
};

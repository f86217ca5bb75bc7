import { stat } from 'node:fs/promises';
import type { Progress } from '#pkg/indexer/progress.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { formatCount, formatDuration } from '#pkg/runtime/quantities.ts';

/** Refuses, before any store is opened, a file that is not there. */
export const checkReplay = async (path: string): Promise<void> => {
  const hint = 'Give --replay a file of one JSON event a line (plain, .gz or .zst).';
  const found = await stat(path).catch((cause: unknown) => {
    throw new UserError(`There is no file ${path} to replay.`, { hint, cause });
  });
  if (!found.isFile()) throw new UserError(`${path} is not a file, so it cannot be replayed.`, { hint });
};

/** What became of a file, for people: counts by reason, each on a line of its own. */
export const replaySummary = (path: string, progress: Progress, tookMs: number): string => {
  const dropped = [...progress.dropped].filter(([, count]) => count > 0).toSorted((a, b) => b[1] - a[1]);
  const lines: [string, number][] = [
    ['indexed', progress.ok],
    ...dropped.map(([reason, count]): [string, number] => [`dropped, ${reason.replaceAll('_', ' ')}`, count]),
    ...(progress.dead > 0 ? [['dead letters', progress.dead] satisfies [string, number]] : []),
    ['rows stored', progress.rows],
  ];
  const nameWidth = Math.max(...lines.map(([name]) => name.length));
  const countWidth = Math.max(...lines.map(([, count]) => formatCount(count).length));
  const table = lines.map(
    ([name, count]) => `  ${name.padEnd(nameWidth)}  ${formatCount(count).padStart(countWidth)}\n`,
  );
  return `Read ${formatCount(progress.events)} events from ${path} in ${formatDuration(tookMs)}.\n${table.join('')}`;
};

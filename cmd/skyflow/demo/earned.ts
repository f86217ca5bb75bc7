import type { Clock } from '#pkg/runtime/clock.ts';
import { left, right } from '../feeds/drawing.ts';
import { table } from '../lens/table.ts';
import { plain } from '../lens/width.ts';
import type { ApiClient, Earned } from './api-client.ts';

const lookEveryMs = 200;
/** Counting takes a blink; a machine that has just started everything may need a few. */
const patienceMs = 10_000;

/** What these analyses brought, oldest first; what is there when the time is over, where counting takes longer. */
export const earnedBy = async (
  client: ApiClient,
  analyses: readonly string[],
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<readonly Earned[]> => {
  const startMs = clock.nowMs();
  for (;;) {
    const rows = (await client.earned()).toReversed();
    const counted = new Set(rows.map(({ event_id }) => event_id));
    const missing = analyses.filter((id) => !counted.has(id));
    if (missing.length === 0 || clock.nowMs() - startMs >= patienceMs) return rows;
    await clock.sleep(lookEveryMs, signal);
  }
};

/** A line for each row of the ledger, with the sum after it. */
export const earnedText = (rows: readonly Earned[], width: number): string => {
  const lines = rows
    .filter(({ xp_delta }) => xp_delta !== 0)
    .map(({ xp_delta, reason, xp_total }) => [`  +${xp_delta}`, plain(reason), String(xp_total)]);
  if (lines.length === 0) return '';
  const title = 'And it earned XP, counted once however often an event comes:';
  return `\n${title}\n\n${table([right('  XP'), left('for'), right('in all')], lines, width).join('\n')}\n\n`;
};

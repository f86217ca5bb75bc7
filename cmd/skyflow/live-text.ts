import type { Progress } from '#pkg/indexer/progress.ts';
import { phaseOf, type StatusReport } from '#pkg/indexer/status.ts';
import { formatCount, formatDuration } from '#pkg/runtime/quantities.ts';
import { renderLiveLine } from '#pkg/runtime/terminal.ts';

export interface LiveView {
  readonly nowMs: number;
  readonly eventsPerSecond: number;
  readonly openGaps: number;
  readonly catchUp: StatusReport['catchUp'];
  /** What to do where no host can be reached. */
  readonly hint?: string | undefined;
  readonly width: number;
  readonly color: boolean;
}

/** What a stall is called on the line. */
const stallWords = { disk_full: 'the disk is full', unavailable: 'the store is away' } as const;

/** The one line that says how it goes, never wider than `width`. */
export const liveText = (progress: Progress, view: LiveView): string => {
  const { nowMs, width, color } = view;
  const phase = phaseOf(progress, nowMs);
  switch (phase) {
    case 'stalled':
      return alarm('paused', stalledText(progress, nowMs), view);
    case 'offline':
      return alarm('offline', offlineText(progress, view), view);
    case 'starting':
      return fit('connecting', width);
    case 'replaying':
    case 'finished':
      return fit(
        `${phase} · ${formatCount(view.eventsPerSecond)} events/s · ${formatCount(progress.events)} events · ${formatCount(progress.rows)} rows`,
        width,
      );
    case 'stopped':
    case 'live':
    case 'catching up': {
      const { catchUp } = view;
      return renderLiveLine({
        phase,
        eventsPerSecond: view.eventsPerSecond,
        lagMs: progress.lagMs(nowMs),
        rows: progress.rows,
        gaps: view.openGaps,
        progress:
          catchUp === null
            ? undefined
            : {
                done: catchUp.done,
                total: catchUp.total,
                etaMs: catchUp.etaSeconds === null ? undefined : catchUp.etaSeconds * 1000,
              },
        width,
        color,
      });
    }
  }
};

const stalledText = ({ stall }: Progress, nowMs: number): string => {
  if (stall === undefined) return '';
  return `${stallWords[stall.reason]} for ${formatDuration(nowMs - stall.sinceMs)} · nothing is lost, it goes on by itself`;
};

const offlineText = ({ link }: Progress, { nowMs, hint }: LiveView): string => {
  if (link === undefined) return '';
  const since = new Date(link.sinceMs).toTimeString().slice(0, 8);
  const reason = link.lastEnd === undefined ? '' : ` (${link.lastEnd})`;
  // The reason first: on a narrow terminal the hint may fall off, the log has it too.
  const advice = hint === undefined ? '' : ` · ${hint}`;
  return `since ${since}, ${formatDuration(nowMs - link.sinceMs)}${reason} · trying again${advice}`;
};

const alarm = (word: string, rest: string, { width, color }: LiveView): string => {
  const line = fit(`${word} ${rest}`, width);
  return color ? `${RED}${line.slice(0, word.length)}${RESET}${line.slice(word.length)}` : line;
};

const RED = '\u001B[1;31m';
const RESET = '\u001B[0m';

const fit = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

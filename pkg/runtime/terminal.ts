import { formatCount, formatDuration } from '#pkg/runtime/quantities.ts';

/** The part of a terminal that is written to; `process.stderr` fits. */
export interface TerminalOutput {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface ProgressState {
  done: number;
  /** 0 or less: unknown, the bar stays empty. */
  total: number;
  /** Milliseconds left; undefined while nobody can say. */
  etaMs?: number | undefined;
  /** Columns to fill at most. */
  width: number;
}

/** `[#########···········]  45%  2 min 5 s left`, never wider than `width`. */
export function renderProgress({ done, total, etaMs, width }: ProgressState): string {
  const ratio = total > 0 ? done / total : 0;
  const share = Number.isNaN(ratio) ? 0 : Math.min(1, Math.max(0, ratio));
  // Rounded down, so that 100% is shown when all is done and not before.
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  const left = share === 1 ? 'done' : etaMs === undefined ? 'time left unknown' : `${formatDuration(etaMs)} left`;
  const tail = ` ${percent}  ${left}`;
  const cells = Math.min(40, width - tail.length - 2);
  if (cells < 5) return fit(tail.trim(), width);
  const filled = Math.floor(share * cells);
  return `[${'#'.repeat(filled)}${'·'.repeat(cells - filled)}]${tail}`;
}

export interface LiveState {
  /** One or two words: `live`, `catching up`, `paused`, `reconnecting`. */
  phase: string;
  eventsPerSecond: number;
  /** How far behind the network we are; undefined before the first event. */
  lagMs?: number | undefined;
  /** Rows made durable since the start. */
  rows: number;
  /** Open gaps. */
  gaps: number;
  /** Shown after the rest while catching up. */
  progress?: Omit<ProgressState, 'width'> | undefined;
  width: number;
  color?: boolean;
}

/** `live · 612 events/s · 240 ms behind · 1,204,551 rows · no gaps`, never wider than `width`. */
export function renderLiveLine(state: LiveState): string {
  const gaps = state.gaps === 0 ? 'no gaps' : `${formatCount(state.gaps)} ${state.gaps === 1 ? 'gap' : 'gaps'}`;
  const parts = [
    `${formatCount(state.eventsPerSecond)} events/s`,
    state.lagMs === undefined ? 'lag unknown' : `${formatDuration(Math.max(0, state.lagMs))} behind`,
    `${formatCount(state.rows)} rows`,
    gaps,
  ];
  let line = fit([state.phase, ...parts].join(' · '), state.width);
  const roomFor = state.width - line.length - 2;
  if (state.progress !== undefined && roomFor >= 24) {
    line += `  ${renderProgress({ ...state.progress, width: roomFor })}`;
  }
  if (state.color !== true) return line;
  // Painted last: escape sequences take no columns, so widths are counted before.
  const painted = state.gaps === 0 ? line : line.replace(gaps, `${YELLOW}${gaps}${RESET}`);
  return painted.replace(state.phase, `${BOLD}${state.phase}${RESET}`);
}

/**
 * One line at the bottom of a terminal, rewritten in place. Log lines go through `writeAbove`, so that they scroll past
 * above it. Not on a terminal (a file, a pipe) nothing is drawn and `writeAbove` only writes.
 */
export class LiveLine implements Disposable {
  readonly #output: TerminalOutput;
  #shown = '';
  #finished = false;

  constructor(output: TerminalOutput) {
    this.#output = output;
  }

  /** True where a line that rewrites itself makes sense. */
  get enabled(): boolean {
    return this.#output.isTTY === true && !this.#finished;
  }

  /** Columns to draw on. One less than the terminal has: writing the last one makes some of them wrap. */
  get width(): number {
    return Math.max(20, (this.#output.columns ?? 80) - 1);
  }

  /** Shows `line` in place of the one before. */
  update(line: string): void {
    if (!this.enabled || line === this.#shown) return;
    this.#shown = line;
    this.#output.write(`\r${line}${ERASE_TO_END}`);
  }

  /** Writes whole lines above the live one, which stays at the bottom. */
  writeAbove(text: string): void {
    if (this.#shown === '') {
      this.#output.write(text);
      return;
    }
    this.#output.write(`\r${ERASE_TO_END}${text}${this.#shown}`);
  }

  /** Removes the line and draws no more; with `last`, leaves that text there as an ordinary line. */
  finish(last?: string): void {
    if (this.#shown !== '') this.#output.write(`\r${ERASE_TO_END}`);
    if (last !== undefined && !this.#finished) this.#output.write(`${last}\n`);
    this.#shown = '';
    this.#finished = true;
  }

  [Symbol.dispose](): void {
    this.finish();
  }
}

/** Whether to paint: on a terminal that is not `dumb`, unless --no-color or NO_COLOR was given. */
export function wantsColor(output: TerminalOutput, choice: { noColor: boolean; term?: string | undefined }): boolean {
  return output.isTTY === true && !choice.noColor && choice.term !== 'dumb';
}

const ERASE_TO_END = '\u001B[K';
const BOLD = '\u001B[1m';
const YELLOW = '\u001B[33m';
const RESET = '\u001B[0m';

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}

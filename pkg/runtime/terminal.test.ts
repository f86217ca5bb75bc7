import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveLine, renderLiveLine, renderProgress, wantsColor } from '#pkg/runtime/terminal.ts';

/** A terminal of one row: applies carriage return and erase, keeps what scrolled away. */
class Screen {
  readonly isTTY: boolean;
  readonly columns = 60;
  raw = '';
  constructor(isTTY = true) {
    this.isTTY = isTTY;
  }
  write(text: string) {
    this.raw += text;
  }
  rows(): string[] {
    return this.raw.split('\n').map((row) => {
      let cells = '';
      for (const part of row.split('\r')) {
        const [text = '', ...after] = part.split('\u001B[K');
        cells = text + (after.length > 0 ? after.join('') : cells.slice(text.length));
      }
      return cells;
    });
  }
}

describe('renderProgress', () => {
  test('bar, percent, time left', () => {
    expect(renderProgress({ done: 45, total: 100, etaMs: 125_000, width: 45 })).toBe(
      renderBar(9, 22, ' 45%', '2 min 5 s left'),
    );
    expect(renderProgress({ done: 100, total: 100, etaMs: 0, width: 30 })).toBe(renderBar(17, 17, '100%', 'done'));
    expect(renderProgress({ done: 0, total: 0, width: 40 })).toBe(renderBar(0, 14, '  0%', 'time left unknown'));
  });

  test('a terminal too narrow for a bar gets the words alone', () => {
    expect(renderProgress({ done: 1, total: 4, etaMs: 60_000, width: 22 })).toBe('25%  1 min left');
    expect(renderProgress({ done: 1, total: 4, etaMs: 60_000, width: 10 })).toBe('25%  1 mi…');
  });

  test('100% is shown only when all is done', () => {
    expect(renderProgress({ done: 999_999, total: 1_000_000, etaMs: 1000, width: 60 })).toContain(' 99%');
  });

  test.each([
    [Number.NaN, 1],
    [Infinity, Infinity],
  ])('%d of %d is nothing yet', (done, total) => {
    expect(renderProgress({ done, total, width: 60 })).toContain('  0%  time left unknown');
  });

  test('never wider than asked, never broken, whatever the numbers', () => {
    fc.assert(
      fc.property(
        fc.double(),
        fc.double(),
        fc.option(fc.double()),
        fc.integer({ min: 1, max: 200 }),
        (done, total, eta, width) => {
          const line = renderProgress({ done, total, etaMs: eta ?? undefined, width });
          expect(line.length).toBeLessThanOrEqual(width);
          expect(line).not.toMatch(/NaN|Infinity|undefined/);
        },
      ),
    );
  });
});

function renderBar(filled: number, cells: number, percent: string, left: string): string {
  return `[${'#'.repeat(filled)}${'·'.repeat(cells - filled)}] ${percent}  ${left}`;
}

describe('renderLiveLine', () => {
  const state = { phase: 'live', eventsPerSecond: 611.6, lagMs: 240, rows: 1_204_551, gaps: 0, width: 120 };

  test('says how it goes', () => {
    expect(renderLiveLine(state)).toBe('live · 612 events/s · 240 ms behind · 1,204,551 rows · no gaps');
    expect(renderLiveLine({ ...state, lagMs: undefined, gaps: 1 })).toContain('lag unknown · 1,204,551 rows · 1 gap');
    // A clock that is a little ahead of ours is no lag.
    expect(renderLiveLine({ ...state, lagMs: -30 })).toContain('0 ms behind');
  });

  test('carries the bar while catching up, where there is room for it', () => {
    const progress = { done: 1, total: 4, etaMs: 60_000 };
    expect(renderLiveLine({ ...state, phase: 'catching up', progress })).toMatch(
      /no gaps {2}\[#+·+\] {2}25% {2}1 min left$/,
    );
    expect(renderLiveLine({ ...state, width: 70, progress })).not.toContain('[');
  });

  test('colour adds escapes and nothing else', () => {
    const painted = renderLiveLine({ ...state, gaps: 3, color: true });
    expect(painted).toContain('\u001B[33m3 gaps\u001B[0m');
    // oxlint-disable-next-line no-control-regex -- escapes are what is stripped
    expect(painted.replace(/\u001B\[\d+m/g, '')).toBe(renderLiveLine({ ...state, gaps: 3 }));
  });

  test('is cut to a narrow terminal', () => {
    expect(renderLiveLine({ ...state, width: 20 })).toHaveLength(20);
  });
});

describe('LiveLine', () => {
  test('rewrites one line, log lines scroll past above it, finishing leaves nothing behind', () => {
    const screen = new Screen();
    const live = new LiveLine(screen);
    live.update('a long first line');
    live.update('short');
    expect(screen.rows()).toEqual(['short']);
    live.writeAbove('log 1\n');
    expect(screen.rows()).toEqual(['log 1', 'short']);
    live.update('shorter');
    live.finish('stopped');
    live.update('too late');
    live.writeAbove('log 2\n');
    expect(screen.rows()).toEqual(['log 1', 'stopped', 'log 2', '']);
  });

  test('the same line again writes nothing', () => {
    const screen = new Screen();
    const live = new LiveLine(screen);
    live.update('same');
    const before = screen.raw;
    live.update('same');
    expect(screen.raw).toBe(before);
  });

  test('draws nothing in a file or a pipe', () => {
    const screen = new Screen(false);
    {
      using live = new LiveLine(screen);
      live.update('live');
      live.writeAbove('log\n');
    }
    expect(screen.raw).toBe('log\n');
  });
});

test('colour only on a terminal that wants it', () => {
  const screen = new Screen();
  expect(wantsColor(screen, { noColor: false })).toBe(true);
  expect(wantsColor(screen, { noColor: true })).toBe(false);
  expect(wantsColor(screen, { noColor: false, term: 'dumb' })).toBe(false);
  expect(wantsColor(new Screen(false), { noColor: false })).toBe(false);
});

import { expect, test } from 'vitest';
import { Progress } from '#pkg/indexer/progress.ts';
import type { StatusReport } from '#pkg/indexer/status.ts';
import { parseFaults } from './faults.ts';
import { liveText } from './live-text.ts';
import { replaySummary } from './replay.ts';
import { statusText } from './status-text.ts';

const nowMs = 1_700_000_100_000;
const view = { nowMs, eventsPerSecond: 1234, openGaps: 0, catchUp: null, width: 120, color: false };
const link = { host: 'h', connected: true, sinceMs: nowMs - 5_000, connections: 1, lastEnd: undefined };

test('the line says what is wrong before anything else', () => {
  const progress = new Progress();
  expect(liveText(progress, view)).toBe('connecting');
  progress.link = { ...link, connected: false, lastEnd: 'ECONNREFUSED' };
  const offline = liveText(progress, { ...view, hint: 'npm run demo' });
  expect(offline).toMatch(/^offline since .*, 5 s \(ECONNREFUSED\) · trying again · npm run demo$/);
  progress.stall = { sinceMs: nowMs - 65_000, reason: 'disk_full', error: '' };
  expect(liveText(progress, view)).toMatch(/^paused the disk is full for 1 min 5 s · nothing is lost/);
});

test('the line shows a bar while catching up, and never grows wider than the terminal', () => {
  const progress = new Progress();
  progress.link = link;
  progress.durableUs = (nowMs - 60_000) * 1000;
  const catchUp = { done: 1, total: 4, etaSeconds: 30 };
  expect(liveText(progress, { ...view, catchUp })).toMatch(/^catching up · 1,234 events\/s .* 25% {2}30 s left$/);
  for (const width of [20, 40, 80])
    expect(liveText(progress, { ...view, catchUp, width }).length).toBeLessThanOrEqual(width);
});

test('what became of a file is counted by reason', () => {
  const progress = new Progress();
  progress.events = 1_012;
  progress.ok = 1_000;
  progress.rows = 2_000;
  progress.dropped.set('not_json', 2);
  progress.dropped.set('bad_did', 10);
  expect(replaySummary('a.jsonl', progress, 2_000)).toBe(
    'Read 1,012 events from a.jsonl in 2 s.\n' +
      '  indexed            1,000\n' +
      '  dropped, bad did      10\n' +
      '  dropped, not json      2\n' +
      '  rows stored        2,000\n',
  );
});

const report: StatusReport = {
  at: '2026-01-01T00:01:00.000Z',
  phase: 'stopped',
  lagSeconds: 60,
  eventsPerSecond: 12.5,
  rateSeconds: 300,
  rates: [
    { collection: 'like', perSecond: 1_000, history: [] },
    { collection: 'post', perSecond: 1.5, history: [] },
  ],
  history: [],
  catchUp: null,
  cursor: { timeUs: 5, at: '2026-01-01T00:00:00.000Z', host: 'h' },
  link: null,
  stall: null,
  process: null,
  lastFlushAt: '2026-01-01T00:00:00.000Z',
  dropped: { not_json: 3 },
  gaps: {
    open: 1,
    estimatedEvents: 500,
    newest: [{ from: 'A', to: 'B', reason: 'look_back', source: 'h', estimatedEvents: 500 }],
  },
  deadLetters: { count: 0, newestAt: null },
  tables: [{ name: 'posts', rows: 1_000, bytes: 2_048 }],
};

test('the report is aligned and says how old the data is', () => {
  const text = statusText(report, { color: false });
  expect(text).toContain('  newest data   1 min ago\n');
  expect(text).toContain('  gaps          1, about 500 events\n                A to B  look back, about 500 events\n');
  expect(text).toContain('    like  1,000/s\n    post    1.5/s\n');
  expect(text).toContain('    not json  3\n');
  expect(text).not.toContain('\u001B');
  expect(statusText(report, { color: true })).toContain('\u001B[33m1, about 500 events');
});

test('faults keep the settings that the option split off', () => {
  expect(parseFaults(['drop:connection=1', 'afterFrames=500', 'stall'])).toEqual({
    faults: [{ kind: 'drop', connection: 1, afterFrames: 500 }, { kind: 'stall' }],
    hostile: undefined,
  });
  expect(parseFaults(['nul-in-text']).hostile).toEqual({ probability: 0.02, faults: ['nul-in-text'] });
  expect(() => parseFaults(['fire'])).toThrow('There is no fault "fire".');
  expect(() => parseFaults(['drop:speed=9'])).toThrow(/--fault drop:speed=9: "speed=9" is no setting/);
});

import { describe, expect, test } from 'vitest';
import type { RouterAnswer } from '#pkg/admin/router.ts';
import { widthOf } from '../lens/width.ts';
import { letterText, lettersText } from './letters-text.ts';
import { replayText } from './replay-text.ts';
import { sinceMsOf } from './since.ts';
import { afterOf, auditText, branchesOf, traceText } from './trace-text.ts';

const draw = { color: false, width: 100 };
/** A character that recolours a terminal, as a hostile message would bring. */
const escape = '\u001B[31m';
const request = '8a7be1f0-3c55-4a11-9a57-0c5bd4a2f7e3';

const line = (
  name: string,
  depth: number,
  afterMs: number,
  more: Partial<RouterAnswer<'trace'>['lines'][number]> = {},
): RouterAnswer<'trace'>['lines'][number] => ({
  id: `id-${name}`,
  kind: 'event',
  eventId: `id-${name}`,
  subject: `events.${name}`,
  aggregateId: 'did:plc:a',
  aggregateType: 'user',
  correlationId: request,
  causationId: '',
  version: 1,
  at: new Date(Date.UTC(2026, 0, 31, 9, 5, 1, 123) + afterMs).toISOString(),
  gist: '',
  letter: null,
  depth,
  afterMs,
  ...more,
});
const letter = { id: 42, durable: 'timeline-xp-awarder', attempts: 3, error: 'division by zero' };
const trace: RouterAnswer<'trace'> = {
  correlationId: request,
  others: 0,
  cut: false,
  spanMs: 65_000,
  lines: [
    line('timeline.requested', 0, 0, { gist: 'flow of did:plc:b, 48h' }),
    line('timeline.completed', 1, 12),
    line('xp.earned', 2, 20),
    line('timeline.completed', 2, 30, { kind: 'dead_letter', letter }),
    line('timeline.completed', 2, 65_000, { kind: 'replay', id: 'replay-42-2' }),
    line('user.updated', 1, 40),
  ],
};

describe('trace', () => {
  test('a tree with the clock for the first and what passed since for the others', () => {
    expect(traceText(trace, { ...draw, width: 110 })).toBe(
      [
        `Request ${request}`,
        '2026-01-31 UTC, 4 events in 40 ms, 1 dead letter',
        '',
        '09:05:01.123  timeline.requested  user did:plc:a  flow of did:plc:b, 48h',
        '      +12 ms  ├─ timeline.completed  user did:plc:a',
        '      +20 ms  │  ├─ xp.earned  user did:plc:a',
        '      +30 ms  │  ├─ ✗ timeline.completed  dead letter 42: timeline-xp-awarder, 3 attempts: division by zero',
        '  +1 min 5 s  │  └─ ↻ timeline.completed  replay 2 of dead letter 42',
        '      +40 ms  └─ user.updated  user did:plc:a',
        '',
      ].join('\n'),
    );
  });

  test('branches: a line goes on down for as long as siblings follow', () => {
    expect(branchesOf([0, 1, 2, 3, 2, 1, 0, 1])).toEqual([
      '',
      '├─ ',
      '│  ├─ ',
      '│  │  └─ ',
      '│  └─ ',
      '└─ ',
      '',
      '└─ ',
    ]);
  });

  test.each([
    [0, '+0 ms'],
    [9_999, '+9,999 ms'],
    [10_000, '+10.0 s'],
    [90_000, '+1 min 30 s'],
    [7_500_000, '+2 h 5 min'],
    [200_000_000, '+2 d 7 h'],
  ])('%i ms are %s', (ms, text) => {
    expect(afterOf(ms)).toBe(text);
  });

  test('what is not shown is said', () => {
    const text = traceText({ ...trace, cut: true, others: 2 }, draw);
    expect(text).toContain('Only the first 6 are shown.');
    expect(text).toContain('leads to 2 other requests too');
  });

  test('colours change nothing but the colour', () => {
    const text = traceText(trace, { ...draw, color: true });
    // oxlint-disable-next-line no-control-regex -- the colours themselves
    expect(text.replace(/\u001B\[\d+m/g, '')).toBe(traceText(trace, draw));
    expect(text).toContain('\u001B[31m✗ timeline.completed');
  });
});

const listed: RouterAnswer<'dead_letters'>['letters'][number] = {
  id: 42,
  eventId: 'e-1',
  correlationId: request,
  subject: 'events.timeline.requested',
  durable: 'timeline-processor',
  attempts: 3,
  error: 'division by zero',
  bytes: 300,
  createdAt: '2026-01-31T09:05:01.123Z',
  retryCount: 0,
  lastRetryAt: null,
};
const whole: RouterAnswer<'dead_letter'> = {
  ...listed,
  headers: { 'Skyflow-Attempts': '3' },
  envelope: { event_id: 'e-1' },
  message: { type: 'flow' },
  problem: '',
  hex: null,
};

describe('dead letters', () => {
  test('are a table, and lead on', () => {
    const text = lettersText(
      { letters: [listed, { ...listed, id: 7, retryCount: 2, lastRetryAt: listed.createdAt }], total: 30 },
      draw,
    );
    expect(text).toMatch(
      /^42 {2}2026-01-31 09:05 {2}events\.timeline\.requested {2}timeline-processor {2}no +division by zero$/m,
    );
    expect(text).toMatch(/^ 7 .* 2 times /m);
    expect(text).toContain('The newest 2 of 30.');
    expect(text).toContain('skyflow dlq show ID');
    expect(text).toContain('skyflow replay');
    expect(lettersText({ letters: [], total: 0 }, draw)).toBe('There are no dead letters.\n');
  });

  test('one shows its error, its message, and what to do', () => {
    const text = letterText(whole, draw);
    expect(text).toMatch(/^ {2}error +division by zero$/m);
    expect(text).toMatch(/^ {2}given up by +timeline-processor, after 3 attempts$/m);
    expect(text).toMatch(/^ {2}died +2026-01-31 09:05:01 UTC$/m);
    expect(text).toContain('    Skyflow-Attempts: 3\n');
    expect(text).toContain('      "type": "flow"\n');
    expect(text).toContain(`skyflow trace ${request}`);
    expect(text).toMatch(/skyflow replay --event-id e-1$/m);
  });

  test('one that cannot be read shows its bytes and why; replayed before, it says --again', () => {
    const broken = { ...whole, eventId: '', message: null, envelope: null, problem: 'it broke off', retryCount: 1 };
    const text = letterText({ ...broken, hex: `0a0b${'00'.repeat(15)}`, bytes: 17 }, draw);
    expect(text).toContain('bytes, since it broke off');
    expect(text).toContain('000000  0a0b 0000 0000 0000 0000 0000 0000 0000\n    000010  00\n');
    expect(text).toMatch(/skyflow replay --subject events\.timeline\.requested --again$/m);
    expect(letterText({ ...broken, hex: '00'.repeat(600), bytes: 1_000_000 }, draw)).toContain('… 999,488 more bytes');
  });
});

describe('replay', () => {
  const answer: RouterAnswer<'replay'> = {
    dryRun: false,
    count: 3,
    subjects: [
      { subject: 'events.timeline.requested', count: 2 },
      { subject: 'events.xp.earned', count: 1 },
    ],
    skipped: 0,
    failed: 0,
    failures: [],
    stopped: false,
  };

  test('says how many, of which subjects', () => {
    const text = replayText(answer, draw);
    expect(text).toMatch(
      /^Replayed 3 dead letters\.\n {2}events\.timeline\.requested {2}2\n {2}events\.xp\.earned +1\n/,
    );
    expect(replayText({ ...answer, dryRun: true }, draw)).toMatch(
      /^Would replay 3 dead letters\. Nothing was done\.\n/,
    );
  });

  test('nothing to do leads on', () => {
    const nothing = { ...answer, count: 0, subjects: [] };
    expect(replayText(nothing, draw)).toBe('There is no such dead letter. Try: skyflow dlq list\n');
    const text = replayText({ ...nothing, skipped: 1 }, draw);
    expect(text).toContain('Nothing replayed.');
    expect(text).toContain('1 dead letter of these was replayed before');
    expect(text).toContain('--again');
  });

  test('what failed is told with the reason', () => {
    const failures = Array.from({ length: 7 }, (_, at) => ({ id: at, subject: 's', error: 'NATS is away' }));
    const text = replayText({ ...answer, failed: 7, failures, stopped: true }, draw);
    expect(text).toContain('7 dead letters could not be published:\n  0 s: NATS is away\n');
    expect(text).toContain('… and 2 more');
    expect(text).toContain('Give the same command again');
  });
});

test.each([40, 60, 80, 140])('no line is wider than %i columns, and nothing escapes', (width) => {
  const hostile = `${escape}漢字 `.repeat(30);
  const narrow = { color: false, width };
  const texts = [
    traceText(
      { ...trace, lines: [...trace.lines, line(hostile, 1, 5, { gist: hostile, aggregateId: hostile })] },
      narrow,
    ),
    auditText({ entries: [line('xp.earned', 0, 0), line(hostile, 0, 0, { gist: hostile })], cut: true }, narrow),
    lettersText({ letters: [{ ...listed, error: hostile, durable: hostile }], total: 1 }, narrow),
    letterText(
      { ...whole, error: hostile, headers: { [hostile]: hostile }, message: { a: hostile }, hex: '00'.repeat(40) },
      narrow,
    ),
  ];
  for (const text of texts) {
    for (const one of text.split('\n')) expect(widthOf(one)).toBeLessThanOrEqual(width);
    expect(text).not.toContain('\u001B');
  }
});

test('--since is so long before now, or a moment', () => {
  expect(sinceMsOf({ agoMs: 5_000 }, 12_000)).toEqual({ sinceMs: 7_000 });
  expect(sinceMsOf({ agoMs: 50_000 }, 12_000)).toEqual({ sinceMs: 0 });
  expect(sinceMsOf({ atMs: 3 })).toEqual({ sinceMs: 3 });
  expect(sinceMsOf(undefined)).toEqual({});
});

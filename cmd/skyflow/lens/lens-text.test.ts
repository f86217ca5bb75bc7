import { describe, expect, test } from 'vitest';
import { lensAnswer } from '#pkg/contracts/lens.ts';
import { answerWith, cloutBoard, flowBoard, kudosBoard, pulseBoard, score } from './answers-for-tests.ts';
import { flowChart } from './flow-chart.ts';
import { lensText, lensTexts } from './lens-text.ts';
import { fit, plain, widthOf, wrap } from './width.ts';

const inColumns = (width: number) => ({ width, color: false });

const answers = {
  flow: answerWith({}),
  clout: answerWith({
    lens: 'clout',
    board: cloutBoard,
    score: null,
    notices: [
      { code: 'no_posts_in_window', message: 'The account posted nothing in these 48 hours, so it has no score.' },
    ],
  }),
  kudos: answerWith({ lens: 'kudos', board: kudosBoard, audience: 'mutual' }),
  pulse: answerWith({
    lens: 'pulse',
    board: pulseBoard,
    share: 'Flow 8.7 · Clout 6.2 · Kudos 7.4 · Pulse +12%',
    score: { ...score, change: -1.25, change_percent: 12, peak_hours: [] },
  }),
};

test('what is shown here are answers that the service could give', () => {
  for (const answer of Object.values(answers)) expect(lensAnswer.parse(answer)).toEqual(answer);
});

describe('on a terminal of 80 columns', () => {
  test('flow is a chart with its peaks marked', () => {
    expect(lensText(answers.flow, inColumns(80))).toMatchInlineSnapshot(`
      "Flow  @alice.example.com
      48 hours, Nov 19 12:40 to Nov 21 12:40 UTC

        8.7 of 10  Exceptional, above 91.2 % of the active accounts
        +0.4 against the window before; compared with 4,812 accounts

        part         value    percentile                        weight
        peak            41  above 88.1 %  █████████████████▋··    50 %
        consistency   0.38  above 66.0 %  █████████████▎······    50 %

        Best hours of the day: 20:00, 09:00 UTC

        when they post and what comes back, of the accounts it follows
        130                                           █
                                                      █
                        █                             █
                        █                             █                          ▄
             ▄          █              ▂              █                          █
            ────────────────────────────────────────────────────────────────────────
                        ▲                             ▲                          ▲
            Nov 19 12:40                                            Nov 21 12:40 UTC
            a bar: 40 min of skypoints; ▲ the peaks

        peak, UTC     skypoints  posts  likes  replies  reposts  quotes
        Nov 20 16:40        130      1    100       20       10       1
        Nov 19 20:40         78      1     60       12        6       1
        Nov 21 10:40         40      4     31        6        3       1
      "
    `);
  });

  test('clout is a table of posts, and says why there is no score', () => {
    expect(lensText(answers.clout, inColumns(80))).toMatchInlineSnapshot(`
      "Clout  @alice.example.com
      48 hours, Nov 19 12:40 to Nov 21 12:40 UTC

        The account posted nothing in these 48 hours, so it has no score.

        A longer window may have more: --window 7d.

        the posts with most reactions, one an author, of the accounts it follows
        #  account              post                                  skypoints  likes
        1  @bela.example.com    Good morning! 你好，世界 second [31…      1,200  1,000
        2  did:plc:bbbbbbbbbb…  (no text)                                   100     90

        1,300 skypoints in all
      "
    `);
  });

  test('kudos is a table of accounts', () => {
    expect(lensText(answers.kudos, inColumns(80))).toMatchInlineSnapshot(`
      "Kudos  @alice.example.com
      48 hours, Nov 19 12:40 to Nov 21 12:40 UTC

        8.7 of 10  Exceptional, above 91.2 % of the active accounts
        +0.4 against the window before; compared with 4,812 accounts

        part         value    percentile                        weight
        peak            41  above 88.1 %  █████████████████▋··    50 %
        consistency   0.38  above 66.0 %  █████████████▎······    50 %

        Best hours of the day: 20:00, 09:00 UTC

        who got most reactions, of the accounts that follow it back
        #  account            skypoints  posts  followers  likes  replies  reposts
        1  @bela.example.com      1,200     12     12,345  1,000      150       50
      "
    `);
  });

  test('pulse has the line to share', () => {
    expect(lensText(answers.pulse, inColumns(80))).toMatchInlineSnapshot(`
      "Pulse  @alice.example.com
      48 hours, Nov 19 12:40 to Nov 21 12:40 UTC

        8.7 of 10  Exceptional, above 91.2 % of the active accounts
        −1.3 against the window before, reactions and new followers +12 %; compared
        with 4,812 accounts

        part         value    percentile                        weight
        peak            41  above 88.1 %  █████████████████▋··    50 %
        consistency   0.38  above 66.0 %  █████████████▎······    50 %

        Flow 8.7 · Clout 6.2 · Kudos 7.4 · Pulse +12%

        who is rising, of the accounts it follows
        #  account            skypoints  before  posts  a day  followers  following
        1  @bela.example.com      1,200     300     12   6.00     12,345         80
      "
    `);
  });
});

test('a narrow terminal keeps what matters', () => {
  expect(lensText(answers.clout, inColumns(44))).toMatchInlineSnapshot(`
    "Clout  @alice.example.com
    48 hours, Nov 19 12:40 to Nov 21 12:40 UTC

      The account posted nothing in these 48
      hours, so it has no score.

      A longer window may have more: --window
      7d.

      the posts with most reactions, one an
      author, of the accounts it follows
      #  account     post              skypoints
      1  @bela.exa…  Good morning! …       1,200
      2  did:plc:b…  (no text)               100

      1,300 skypoints in all
    "
  `);
});

test('no line is wider than the terminal, whatever its width', () => {
  for (const answer of Object.values(answers)) {
    for (let width = 40; width <= 130; width += 3) {
      for (const line of lensText(answer, inColumns(width)).split('\n'))
        expect(widthOf(line), `${answer.lens} at ${width}: ${line}`).toBeLessThanOrEqual(width);
    }
  }
});

test('colours only where they are wanted', () => {
  expect(lensText(answers.flow, inColumns(80))).not.toContain('\u001B');
  const painted = lensText(answers.flow, { width: 80, color: true });
  // oxlint-disable-next-line no-control-regex -- the colours themselves
  expect(painted).toMatch(/^\u001B\[1mFlow {2}@alice\.example\.com\u001B\[0m\n/);
  // oxlint-disable-next-line no-control-regex -- the colours themselves
  expect(painted.replaceAll(/\u001B\[\d+m/g, '')).toBe(lensText(answers.flow, inColumns(80)));
});

describe('an answer with nothing in it says why', () => {
  test('an account never seen', () => {
    const message = 'No event of this account has been seen since the index began.';
    const answer = answerWith({ board: null, score: null, notices: [{ code: 'account_never_seen', message }] });
    expect(lensText(answer, inColumns(80))).toBe(
      `Flow  @alice.example.com\n48 hours, Nov 19 12:40 to Nov 21 12:40 UTC\n\n  ${message}\n\n` +
        '  Check that it is spelt right. It is here as soon as it acts, or somebody\n  follows, likes, answers or blocks it.\n',
    );
  });

  test('all lenses at once, where it is the same for each', () => {
    const notices = [{ code: 'account_inactive', message: 'Gone since 2026-11-20T08:00:00.000Z.' }] as const;
    const empty = { board: null, score: null, notices: [...notices] };
    const [flow, pulse] = [answerWith(empty), answerWith({ ...empty, lens: 'pulse' as const })];
    expect(lensTexts([flow, pulse], inColumns(80))).toBe(
      'Flow, Pulse  @alice.example.com\n48 hours, Nov 19 12:40 to Nov 21 12:40 UTC\n\n' +
        '  Gone since Nov 20 08:00 UTC.\n\n  Everything is here again as soon as the account returns.\n',
    );
    const both = lensTexts([flow, answers.pulse], inColumns(80));
    expect(both.match(/^\w+ {2}@alice/gm)).toEqual(['Flow  @alice', 'Pulse  @alice']);
  });

  test.each([
    ['no_posts_in_window', '--window 7d.'],
    ['no_mutuals', '--audience following.'],
  ] as const)('%s: what may help is said', (code, helps) => {
    const answer = answerWith({ audience: 'mutual', notices: [{ code, message: 'Nothing.' }] });
    expect(lensText(answer, inColumns(80))).toContain(helps);
    expect(lensText({ ...answer, window: '30d', audience: 'following' }, inColumns(80))).not.toContain(helps);
  });

  test('a window that the index does not cover, even without a notice', () => {
    const partly = answerWith({ complete: false, data_since: '2026-11-20T08:00:00.000Z' });
    expect(lensText(partly, inColumns(100))).toContain('whole window; it has data since Nov 20 08:00 UTC.\n');
    expect(lensText(answerWith({ complete: false, data_since: null }), inColumns(80))).toContain('no data yet');
    const notices = [{ code: 'gaps_in_window', message: 'A gap of an hour.' }] as const;
    const told = answerWith({ complete: false, notices: [...notices] });
    expect(lensText(told, inColumns(80))).not.toContain('whole window');
  });

  test('an index younger than the window knows nothing of the window before, and says so', () => {
    const young = answerWith({
      lens: 'pulse',
      board: pulseBoard,
      data_since: '2026-11-20T08:00:00.000Z',
      score: { ...score, change: null },
    });
    expect(lensText(young, inColumns(80))).toContain('of the window before nothing is known yet; compared');
    expect(lensText(young, inColumns(80))).toMatch(/@bela\.example\.com +1,200 +\? +12/);
    const old = lensText({ ...young, data_since: '2026-01-01T00:00:00.000Z' }, inColumns(80));
    expect(old).toContain('no posts in the window before');
    expect(old).toMatch(/1,200 +300 +12/);
  });

  test('posts that nobody reacted to', () => {
    const quiet = flowBoard.buckets.map((one) => ({ ...one, skypoints: 0, peak: false }));
    const text = lensText(answerWith({ board: { ...flowBoard, buckets: quiet } }), inColumns(80));
    expect(text).toMatch(/it follows\n {2}12 posts, no reaction to any yet\.\n$/);
  });
});

describe('the chart', () => {
  const minuteMs = 60_000;
  const one = (atMs: number, skypoints: number, peak = false) => ({
    ...(flowBoard.buckets[0] as (typeof flowBoard.buckets)[0]),
    at: new Date(atMs).toISOString(),
    skypoints,
    peak,
  });

  test('adds up what falls into one bar and loses nothing at the edges of the window', () => {
    // From within a bucket to within a bucket: the first and the last are cut by the window.
    const frame = { fromMs: 5 * minuteMs, toMs: 145 * minuteMs, width: 80 };
    const lines = flowChart([one(0, 8), one(140 * minuteMs, 4, true)], frame);
    expect(lines.slice(0, 7)).toEqual([
      '8 ████',
      '  ████',
      `  ████${' '.repeat(52)}▄▄▄▄`,
      `  ████${' '.repeat(52)}████`,
      `  ████${' '.repeat(52)}████`,
      `  ${'─'.repeat(60)}`,
      `  ${' '.repeat(56)}▲▲▲▲`,
    ]);
  });

  test('begins with the index, so that what nobody saw does not look like silence', () => {
    const toMs = 48 * 60 * minuteMs;
    const frame = { fromMs: 0, toMs, sinceMs: toMs - 35 * minuteMs, width: 80 };
    const lines = flowChart([one(toMs - 20 * minuteMs, 2_000, true)], frame);
    expect(lines[0]).toBe('2,000         ████');
    expect(lines.at(-1)).toContain('a bar: 10 min of skypoints; ▲ the peaks; nothing is known of before');
    const older = flowChart([one(toMs - 60 * minuteMs, 5, true)], frame);
    expect(older[0], 'a post that is older than the index').toMatch(/^5 ████/);
  });

  test('a month fits as well, and a single reaction can still be seen', () => {
    const frame = { fromMs: 0, toMs: 30 * 24 * 60 * minuteMs, width: 60 };
    const lines = flowChart([one(0, 10_000, true), one(frame.toMs - 10 * minuteMs, 1)], frame);
    expect(lines[4]).toMatch(/^ {7}█ +▁$/);
    expect(lines.at(-1)).toMatch(/a bar: \d+ h( \d+ min)? of skypoints/);
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(60);
  });
});

describe('text of the network', () => {
  test('cannot move the cursor, recolour, or turn the line around', () => {
    expect(plain('a\u001B[31mb\r\nc\u202Ed\u200Be\u0007')).toBe('a[31mb cde');
    // oxlint-disable-next-line no-control-regex -- what must not be there
    expect(lensText(answers.clout, inColumns(120))).not.toMatch(/[\u001B\u202E]/);
  });

  test('is measured as terminals draw it', () => {
    expect(widthOf('你好 é 👩‍👩‍👧 ❤️')).toBe(4 + 1 + 1 + 1 + 2 + 1 + 2);
    expect(fit('你好，世界', 6)).toBe('你好…');
    expect(fit('abc', 3)).toBe('abc');
    expect(fit('abc', 0)).toBe('');
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('unbreakable', 5)).toEqual(['unbr…']);
  });
});

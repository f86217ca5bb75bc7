import type { LensAnswer } from '#pkg/contracts/lens.ts';
import { boardLines, nameOf } from './board-text.ts';
import { shortTime } from './flow-chart.ts';
import { scoreLines } from './score-text.ts';
import { fit, plain, wrap } from './width.ts';

export interface LensTextOptions {
  readonly color: boolean;
  /** Columns of the terminal; lines are never wider, from 40 up. */
  readonly width: number;
}

const indent = '  ';
const leastWidth = 40;
/** Wider than this, numbers drift apart from what they belong to. */
const mostWidth = 120;

const titles = { flow: 'Flow', clout: 'Clout', kudos: 'Kudos', pulse: 'Pulse' } as const;

/** An answer for people: who and when, what is missing and why, the score with its parts, the board. */
export const lensText = (answer: LensAnswer, options: LensTextOptions): string => {
  const width = Math.min(mostWidth, Math.max(leastWidth, options.width));
  const inner = width - indent.length;
  const bold = paint('1', options.color);
  const soft = paint('90', options.color);
  const frame = { fromMs: Date.parse(answer.from), toMs: Date.parse(answer.to), width: inner };
  const sections = [
    notices(answer, inner).map(paint('33', options.color)),
    answer.score === null ? [] : scoreLines(answer.score, inner),
    answer.share === null ? [] : wrap(plain(answer.share), inner),
    answer.board === null ? [] : [...wrap(boardTitle(answer), inner).map(soft), ...boardLines(answer.board, frame)],
  ].filter((lines) => lines.length > 0);
  const head = `${titles[answer.lens]}  ${nameOf(answer.subject)}`;
  const shownHead = fit(head, width);
  const lines = [
    bold(shownHead),
    soft(fit(spanText(answer), width)),
    ...sections.flatMap((section) => ['', ...section.map((line) => (line === '' ? '' : indent + line))]),
  ];
  return `${lines.join('\n')}\n`;
};

const paint =
  (code: string, color: boolean) =>
  (text: string): string =>
    color ? `\u001B[${code}m${text}\u001B[0m` : text;

const lengths = { '24h': '24 hours', '48h': '48 hours', '7d': '7 days', '30d': '30 days' } as const;

const spanText = ({ window, from, to }: LensAnswer): string =>
  `${lengths[window]}, ${shortTime(Date.parse(from))} to ${shortTime(Date.parse(to))} UTC`;

const boardTitles = {
  flow: 'when they post and what comes back',
  clout: 'the posts with most reactions, one an author',
  kudos: 'who got most reactions',
  pulse: 'who is rising',
} as const;

const boardTitle = ({ lens, audience }: LensAnswer): string => {
  const whose = audience === 'following' ? 'of the accounts it follows' : 'of the accounts that follow it back';
  return `${boardTitles[lens]}, ${whose}`;
};

/** As the notices say it; an answer that covers less than its window without a notice still says so. */
const notices = ({ notices: given, complete, data_since: since }: LensAnswer, width: number): string[] => {
  const sentences = given.map(({ message }) => plain(message));
  const told = given.some(({ code }) => code === 'window_before_index' || code === 'gaps_in_window');
  if (!complete && !told) {
    sentences.push(
      since === null
        ? 'The index has no data yet.'
        : `The index does not cover the whole window; it has data since ${shortTime(Date.parse(since))} UTC.`,
    );
  }
  return sentences.flatMap((sentence) => wrap(sentence, width));
};

import type { LensScore } from '#pkg/contracts/lens.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { table } from './table.ts';
import { wrap } from './width.ts';

const barCells = 20;
/** Narrower than this, the bars go. */
const widthForBars = 64;

/**
 * The score with its parts, each with a bar of how much of the network it is above. `hasBefore`: whether the index knows
 * the window before.
 */
export const scoreLines = (score: LensScore, { width, hasBefore }: { width: number; hasBefore: boolean }): string[] => [
  ...wrap(headline(score), width),
  ...wrap(comparison(score, hasBefore), width),
  '',
  ...partLines(score, width),
  ...(score.peak_hours.length === 0
    ? []
    : ['', ...wrap(`Best hours of the day: ${hours(score.peak_hours)} UTC`, width)]),
];

const headline = ({ score, band, percentile }: LensScore): string =>
  `${score.toFixed(1)} of 10  ${band}, above ${percent(percentile)} of the active accounts`;

const comparison = ({ change, change_percent: rise, reference }: LensScore, hasBefore: boolean): string => {
  const unchanged = hasBefore ? 'no posts in the window before' : 'of the window before nothing is known yet';
  const changed = change === null ? unchanged : `${signed(change, 1)} against the window before`;
  const risen = rise === null ? '' : `, reactions and new followers ${signed(rise, 0)} %`;
  const accounts = `compared with ${formatCount(reference.accounts)} ${reference.accounts === 1 ? 'account' : 'accounts'}`;
  return `${changed}${risen}; ${accounts}`;
};

const partLines = ({ parts }: LensScore, width: number): string[] => {
  const withBars = width >= widthForBars;
  const rows = parts.map(({ name, value, percentile, weight }) => [
    name.replaceAll('_', ' '),
    number(value),
    `above ${percent(percentile)}`,
    ...(withBars ? [bar(percentile)] : []),
    `${Math.round(weight * 100)} %`,
  ]);
  const titles = [
    { title: 'part', align: 'left', rank: 0 },
    { title: 'value', align: 'right', rank: 0 },
    { title: 'percentile', align: 'right', rank: 1 },
    ...(withBars ? [{ title: '', align: 'left', rank: 3 } as const] : []),
    { title: 'weight', align: 'right', rank: 2 },
  ] as const;
  return table(titles, rows, width);
};

/** Full blocks and one of eight part blocks, so that 87 and 88 differ. */
const bar = (percentile: number): string => {
  const eighths = Math.round((Math.min(100, Math.max(0, percentile)) / 100) * barCells * 8);
  const part = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][eighths % 8] ?? '';
  return `${'█'.repeat(Math.floor(eighths / 8))}${part}`.padEnd(barCells, '·');
};

const percent = (amount: number): string => `${amount.toFixed(1)} %`;

const signed = (amount: number, digits: number): string => {
  const shown = Math.abs(amount).toFixed(digits);
  return `${amount < 0 ? '−' : amount > 0 ? '+' : '±'}${shown}`;
};

const number = (value: number): string =>
  Number.isInteger(value) || Math.abs(value) >= 1000 ? formatCount(value) : value.toFixed(2);

const hours = (list: readonly number[]): string => list.map((hour) => `${String(hour).padStart(2, '0')}:00`).join(', ');

import { fit, pad, widthOf } from './width.ts';

/** One column of a table. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** What is left out first where the terminal is narrow: all columns of the highest. Those of 0 always stay. */
  readonly rank: number;
  /**
   * Takes what room is left and is cut to it; the others are as wide as their widest cell. The number: below so many
   * columns it says nothing, so that others are rather left out.
   */
  readonly flexible?: number;
}

const gap = 2;

/**
 * A table with a heading, in at most `width` columns. Where it does not fit, columns go by rank, then the flexible column
 * is cut, then the lines.
 */
export const table = (columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string[] => {
  const natural = columns.map((column, at) =>
    Math.max(widthOf(column.title), ...rows.map((row) => widthOf(row[at] ?? ''))),
  );
  const shown = choose(columns, natural, width);
  const fixed = shown.filter((at) => columns[at]?.flexible === undefined);
  const taken = sum(fixed.map((at) => natural[at] ?? 0)) + gap * (shown.length - 1);
  const widths = natural.map((own, at) => (columns[at]?.flexible === undefined ? own : Math.min(own, width - taken)));
  const line = (cells: readonly string[]): string =>
    fit(shown.map((at) => pad(cells[at] ?? '', widths[at] ?? 0, columns[at]?.align)).join('  '), width).trimEnd();
  return [line(columns.map((column) => column.title)), ...rows.map(line)];
};

/** The columns that fit, by their places. */
const choose = (columns: readonly Column[], natural: readonly number[], width: number): number[] => {
  let shown = columns.map((_, at) => at);
  const least = (at: number): number => Math.min(columns[at]?.flexible ?? Infinity, natural[at] ?? 0);
  while (sum(shown.map(least)) + gap * (shown.length - 1) > width) {
    const highest = Math.max(...shown.map((at) => columns[at]?.rank ?? 0));
    if (highest === 0) break;
    shown = shown.filter((at) => columns[at]?.rank !== highest);
  }
  return shown;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

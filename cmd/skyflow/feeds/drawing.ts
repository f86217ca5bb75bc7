import { type Column } from '../lens/table.ts';
import { plain } from '../lens/width.ts';

/** What is drawn on. */
export interface Drawing {
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
}

type Paint = (text: string) => string;

export interface Palette {
  readonly bold: Paint;
  readonly soft: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
}

export const palette = ({ color }: Pick<Drawing, 'color'>): Palette => {
  const paint =
    (code: string): Paint =>
    (text) =>
      color ? `\u001B[${code}m${text}\u001B[0m` : text;
  return { bold: paint('1'), soft: paint('90'), good: paint('32'), warn: paint('33'), bad: paint('31') };
};

export const left = (title: string, rank = 0): Column => ({ title, align: 'left', rank });
export const right = (title: string, rank = 0): Column => ({ title, align: 'right', rank });
export const flexible = (title: string, least: number, rank = 0): Column => ({
  title,
  align: 'left',
  rank,
  flexible: least,
});

/** The handle, or where there is none the DID. */
export const nameOf = ({ did, handle }: { readonly did: string; readonly handle: string | null }): string =>
  plain(handle === null || handle === '' ? did : `@${handle}`);

/** `2026-01-31 09:05`, UTC. */
export const minuteOf = (iso: string): string => iso.slice(0, 16).replace('T', ' ');

/** A table with its heading softened. */
export const headed = (lines: readonly string[], paint: Palette): string[] =>
  lines.map((line, at) => (at === 0 ? paint.soft(line) : line));

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? one : many}`;

/** A number in as few digits as tell it apart. */
export const shortNumber = (value: number): string => {
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return value.toLocaleString('en-US');
  if (value !== 0 && (Math.abs(value) >= 1e6 || Math.abs(value) < 0.01)) return value.toExponential(2);
  return value.toFixed(2);
};

export const textOf = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

import type { RouterAnswer } from '#pkg/admin/router.ts';
import { formatBytes, formatCount } from '#pkg/runtime/quantities.ts';
import {
  type Drawing,
  flexible,
  headed,
  left,
  minuteOf,
  type Palette,
  palette,
  plural,
  right,
  textOf,
} from '../feeds/drawing.ts';
import { table } from '../lens/table.ts';
import { fit, plain, wrap } from '../lens/width.ts';

type Letter = RouterAnswer<'dead_letters'>['letters'][number];

/** `skyflow dlq list`: newest first. */
export const lettersText = ({ letters, total }: RouterAnswer<'dead_letters'>, draw: Drawing): string => {
  const paint = palette(draw);
  if (letters.length === 0) return 'There are no dead letters.\n';
  const columns = [
    right('id'),
    left('died, UTC', 3),
    left('subject'),
    left('given up by', 2),
    left('replayed', 1),
    flexible('error', 12, 4),
  ];
  const rows = letters.map((letter) => [
    String(letter.id),
    minuteOf(letter.createdAt),
    plain(letter.subject),
    plain(letter.durable),
    replayedOf(letter),
    plain(letter.error),
  ]);
  const open = letters.some(({ lastRetryAt }) => lastRetryAt === null);
  const next = open ? 'Once the reason is mended: skyflow replay --event-id ID, --subject S or --since 2h' : '';
  const shown =
    letters.length < total
      ? `The newest ${formatCount(letters.length)} of ${formatCount(total)}. One of them: skyflow dlq show ID`
      : `${plural(total, 'dead letter')}. One of them: skyflow dlq show ID`;
  return textOf([
    ...headed(table(columns, rows, draw.width), paint),
    '',
    ...wrap(shown, draw.width).map(paint.soft),
    ...wrap(next, draw.width)
      .filter((line) => line !== '')
      .map(paint.soft),
  ]);
};

const replayedOf = ({ retryCount }: Letter): string =>
  retryCount === 0 ? 'no' : retryCount === 1 ? 'once' : `${formatCount(retryCount)} times`;

const labelWidth = 13;

/** `skyflow dlq show`: what happened, then the message itself. */
export const letterText = (letter: RouterAnswer<'dead_letter'>, draw: Drawing): string => {
  const paint = palette(draw);
  const fact = (label: string, value: string, color: Palette['bold'] = (text) => text): string[] =>
    value === ''
      ? []
      : wrapLong(value, draw.width - labelWidth - 2).map(
          (line, at) => `  ${paint.soft((at === 0 ? label : '').padEnd(labelWidth))}${color(line)}`,
        );
  const replays =
    letter.retryCount === 0 ? 'not yet' : `${replayedOf(letter)}, last ${secondOf(letter.lastRetryAt ?? '')}`;
  return textOf([
    fit(`${paint.bold(`Dead letter ${letter.id}`)}  ${plain(letter.subject)}`, draw.width + (draw.color ? 8 : 0)),
    '',
    ...fact('error', plain(letter.error), paint.bad),
    ...fact('given up by', `${plain(letter.durable)}, after ${plural(letter.attempts, 'attempt')}`),
    ...fact('died', secondOf(letter.createdAt)),
    ...fact('replayed', replays),
    ...fact('event', plain(letter.eventId)),
    ...fact('request', plain(letter.correlationId)),
    ...fact('size', formatBytes(letter.bytes)),
    ...section(
      'headers',
      Object.entries(letter.headers).map(([name, value]) => `${plain(name)}: ${plain(value)}`),
      draw,
    ),
    ...section('envelope', jsonLines(letter.envelope), draw),
    ...section('message', jsonLines(letter.message), draw),
    ...(letter.hex === null
      ? []
      : section(`bytes, since ${plain(letter.problem)}`, hexLines(letter.hex, letter.bytes), draw)),
    '',
    ...nextSteps(letter).flatMap((line) => wrap(line, draw.width).map(paint.soft)),
  ]);
};

const nextSteps = ({ eventId, correlationId, subject, retryCount }: RouterAnswer<'dead_letter'>): string[] => [
  ...(correlationId === '' ? [] : [`What else the request did: skyflow trace ${plain(correlationId)}`]),
  `Try it again: skyflow replay ${eventId === '' ? `--subject ${plain(subject)}` : `--event-id ${plain(eventId)}`}${retryCount > 0 ? ' --again' : ''}`,
];

const section = (title: string, lines: readonly string[], draw: Drawing): string[] =>
  lines.length === 0
    ? []
    : [
        '',
        ...wrap(title, draw.width - 2).map((line) => `  ${palette(draw).soft(line)}`),
        ...lines.map((line) => fit(`    ${line}`, draw.width)),
      ];

const jsonLines = (value: object | null): string[] =>
  value === null ? [] : JSON.stringify(value, undefined, 2).split('\n').map(plainJson);

/** JSON escapes control characters; what turns the direction of text it does not. The indent stays. */
const plainJson = (line: string): string => {
  const indent = /^ */.exec(line)?.[0] ?? '';
  return indent + plain(line);
};

const hexRow = 32;
const maxHexRows = 32;

/** Sixteen bytes a line with their place, as every hex dump has it. */
const hexLines = (hex: string, bytes: number): string[] => {
  const rows = hex.match(new RegExp(`.{1,${hexRow}}`, 'g')) ?? ['(no bytes)'];
  const lines = rows
    .slice(0, maxHexRows)
    .map(
      (row, at) => `${(at * (hexRow / 2)).toString(16).padStart(6, '0')}  ${(row.match(/.{1,4}/g) ?? []).join(' ')}`,
    );
  const shown = Math.min(bytes, maxHexRows * (hexRow / 2));
  return bytes <= shown ? lines : [...lines, `… ${formatCount(bytes - shown)} more bytes; up to 64 KB with --json`];
};

/** Words on lines of at most `columns`; a word that is longer is broken, not cut: an id must be whole to be copied. */
const wrapLong = (text: string, columns: number): string[] => {
  const room = Math.max(8, columns);
  return wrap(
    text
      .split(' ')
      .flatMap((word) => (word.length > room ? (word.match(new RegExp(`.{1,${room}}`, 'gu')) ?? []) : [word]))
      .join(' '),
    room,
  );
};

/** `2026-01-31 09:05:12 UTC`. */
const secondOf = (iso: string): string => `${iso.slice(0, 19).replace('T', ' ')} UTC`;

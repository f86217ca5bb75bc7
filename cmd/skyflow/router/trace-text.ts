import type { RouterAnswer } from '#pkg/admin/router.ts';
import { formatCount, formatDuration } from '#pkg/runtime/quantities.ts';
import { type Drawing, flexible, headed, left, type Palette, palette, plural, textOf } from '../feeds/drawing.ts';
import { table } from '../lens/table.ts';
import { fit, pad, plain, wrap } from '../lens/width.ts';

type Trace = RouterAnswer<'trace'>;
type Line = Trace['lines'][number];
type Entry = RouterAnswer<'audit'>['entries'][number];

/** `skyflow trace`: times on the left, the tree on the right. */
export const traceText = (answer: Trace, draw: Drawing): string => {
  const paint = palette(draw);
  const { lines, correlationId, others, cut } = answer;
  const times = lines.map(({ afterMs, at }, place) => (place === 0 ? clockOf(at) : afterOf(afterMs)));
  const room = Math.max(0, ...times.map((time) => time.length));
  const branches = branchesOf(lines.map(({ depth }) => depth));
  const events = lines.filter(({ kind }) => kind === 'event');
  const letters = lines.filter(({ kind }) => kind === 'dead_letter').length;
  // Without deaths and replays: how long the request took, not when somebody mended what it broke.
  const tookMs = Math.max(0, ...events.map(({ afterMs }) => afterMs));
  const said = [
    `${plural(events.length, 'event')} in ${formatDuration(tookMs)}`,
    ...(letters === 0 ? [] : [plural(letters, 'dead letter')]),
  ];
  const day = lines[0]?.at.slice(0, 10) ?? '';
  const notes = [
    ...(cut ? [`Only the first ${formatCount(lines.length)} are shown.`] : []),
    ...(others > 0
      ? [
          `The id leads to ${plural(others, 'other request')} too; this is the newest. All events: skyflow audit --about ID`,
        ]
      : []),
  ];
  return textOf([
    fit(`Request ${plain(correlationId)}`, draw.width),
    paint.soft(fit(`${day} UTC, ${said.join(', ')}`, draw.width)),
    '',
    ...lines.map((line, at) =>
      oneLine(line, { time: pad(times[at] ?? '', room, 'right'), branch: branches[at] ?? '', draw }),
    ),
    ...(notes.length === 0 ? [] : ['', ...notes.flatMap((note) => wrap(note, draw.width))]),
  ]);
};

const oneLine = (
  line: Line,
  how: { readonly time: string; readonly branch: string; readonly draw: Drawing },
): string => {
  const { time, branch, draw } = how;
  const paint = palette(draw);
  const start = `${time}  ${branch}`;
  const { mark, name, rest, color } = partsOf(line, paint);
  const text = fit(`${start}${mark}${name}${rest === '' ? '' : `  ${rest}`}`, draw.width);
  if (!draw.color) return text;
  // Coloured after it was cut, so that no colour is.
  const named = `${start}${mark}${name}`;
  if (text.length < named.length || !text.startsWith(named)) return text;
  return `${paint.soft(start)}${color(mark + name)}${paint.soft(text.slice(named.length))}`;
};

interface Parts {
  readonly mark: string;
  readonly name: string;
  readonly rest: string;
  readonly color: Palette['bold'];
}

const partsOf = (entry: Entry, paint: Palette): Parts => {
  const subject = plain(entry.subject.replace(/^events\./, ''));
  if (entry.kind === 'event') return { mark: '', name: subject, rest: aboutOf(entry), color: paint.bold };
  if (entry.kind === 'replay') {
    const [, letter = '?', time = '?'] = /^replay-(\d+)-(\d+)$/.exec(entry.id) ?? [];
    return { mark: '↻ ', name: subject, rest: `replay ${time} of dead letter ${letter}`, color: paint.warn };
  }
  const { letter } = entry;
  const rest =
    letter === null
      ? 'dead letter, no longer kept'
      : `dead letter ${letter.id}: ${plain(letter.durable)}, ${plural(letter.attempts, 'attempt')}: ${plain(letter.error)}`;
  return { mark: '✗ ', name: subject, rest, color: paint.bad };
};

/** What an event is about, then what it says. */
const aboutOf = ({ aggregateType, aggregateId, gist }: Entry): string =>
  [plain(`${aggregateType} ${aggregateId}`), plain(gist)].filter((part) => part !== '').join('  ');

/** What stands before each line of a tree that is given by its depths from top to bottom. */
export const branchesOf = (depths: readonly number[]): string[] => {
  /** By depth: whether such a line comes below, before one that is less deep. */
  const follows: boolean[] = [];
  return depths
    .toReversed()
    .map((depth) => {
      const above = Array.from({ length: Math.max(0, depth - 1) }, (_, at) =>
        follows[at + 1] === true ? '│  ' : '   ',
      );
      const own = depth === 0 ? '' : follows[depth] === true ? '├─ ' : '└─ ';
      follows.length = depth + 1;
      follows[depth] = true;
      return above.join('') + own;
    })
    .toReversed();
};

/** `09:05:12.345`. */
const clockOf = (iso: string): string => iso.slice(11, 23);

/** `+12 ms`, `+3.4 s`, `+2 h 5 min`: short, since a column of them is read downwards. */
export const afterOf = (ms: number): string => {
  if (ms < 10_000) return `+${formatCount(ms)} ms`;
  if (ms < 60_000) return `+${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `+${minutes} min ${Math.floor((ms % 60_000) / 1000)} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `+${hours} h ${minutes % 60} min` : `+${Math.floor(hours / 24)} d ${hours % 24} h`;
};

/** `skyflow audit`: newest first. */
export const auditText = ({ entries, cut }: RouterAnswer<'audit'>, draw: Drawing): string => {
  if (entries.length === 0) return 'Nothing of this is in the audit log.\n';
  const paint = palette(draw);
  const columns = [left('at, UTC'), left('event'), flexible('about', 20), left('request', 1)];
  const rows = entries.map((entry) => {
    const { mark, name, rest } = partsOf(entry, paint);
    return [`${entry.at.slice(0, 10)} ${clockOf(entry.at)}`, mark + name, rest, plain(entry.correlationId)];
  });
  const more = cut ? [`There are more; for the newest 1,000: --limit 1000`] : [];
  const next = 'All that one request caused: skyflow trace REQUEST';
  return textOf([
    ...headed(table(columns, rows, draw.width), paint),
    '',
    ...[...more, next].flatMap((line) => wrap(line, draw.width)).map(paint.soft),
  ]);
};

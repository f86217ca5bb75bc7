import type { StatusReport } from '#pkg/indexer/status.ts';
import type { FeedsReport, FullReport } from './report.ts';
import { formatBytes, formatCount, formatDuration } from '#pkg/runtime/quantities.ts';

type Paint = (text: string) => string;

interface Palette {
  readonly bold: Paint;
  readonly soft: Paint;
  readonly good: Paint;
  readonly warn: Paint;
  readonly bad: Paint;
}

const palette = (color: boolean): Palette => {
  const paint =
    (code: string): Paint =>
    (text) =>
      color ? `\u001B[${code}m${text}\u001B[0m` : text;
  return { bold: paint('1'), soft: paint('90'), good: paint('32'), warn: paint('33'), bad: paint('31') };
};

const labelWidth = 14;

/** The report for people: one fact a line, aligned; tables for rates and sizes. */
export const statusText = (report: FullReport, options: { readonly color: boolean }): string => {
  const paint = palette(options.color);
  const nowMs = Date.parse(report.at);
  const fact = (label: string, value: string): string => `  ${paint.soft(label.padEnd(labelWidth))}${value}`;
  const lines = [
    `${paint.bold('Skyflow')}  ${phase(report, paint)}`,
    '',
    ...nowFacts(report, nowMs).map(([label, value]) => fact(label, value)),
    fact('gaps', gapsText(report, paint)),
    ...report.gaps.newest.map((gap) =>
      fact(
        '',
        `${gap.from} to ${gap.to}  ${gap.reason.replaceAll('_', ' ')}, about ${formatCount(gap.estimatedEvents)} events`,
      ),
    ),
    fact('dead letters', deadText(report, nowMs, paint)),
    ...(report.feeds === undefined ? [] : [fact('feeds', feedsText(report.feeds, paint))]),
    ...section(`coming in, over ${formatDuration(report.rateSeconds * 1000)}`, rateRows(report), paint),
    ...section('not indexed in the last day', dropRows(report), paint),
    ...section(`on disk, ${formatBytes(totalBytes(report))} in all`, tableRows(report), paint),
  ];
  return `${lines.join('\n')}\n`;
};

const phase = ({ phase, stall, link }: StatusReport, paint: Palette): string => {
  if (stall !== null)
    return paint.bad(
      `stalled: ${stall.reason === 'disk_full' ? 'the disk is full' : 'the store is away'}, since ${stall.since}`,
    );
  if (phase === 'offline')
    return paint.bad(`offline since ${link?.since ?? '?'}${link?.lastEnd == null ? '' : ` (${link.lastEnd})`}`);
  if (phase === 'stopped') return paint.soft('not running here');
  return phase === 'live' || phase === 'finished' ? paint.good(phase) : paint.warn(phase);
};

const nowFacts = (report: StatusReport, nowMs: number): [string, string][] => {
  const { cursor, lagSeconds, link, lastFlushAt, catchUp } = report;
  const ago = (iso: string): string => `${formatDuration(Math.max(0, nowMs - Date.parse(iso)))} ago`;
  const facts: [string, string][] = [
    [
      'events',
      `${formatRate(report.eventsPerSecond)} a second${report.phase === 'stopped' ? ', before the last batch' : ''}`,
    ],
    ['lag', lagSeconds === null ? 'unknown' : formatDuration(lagSeconds * 1000)],
  ];
  if (catchUp !== null) {
    const left = catchUp.etaSeconds === null ? '' : `, ${formatDuration(catchUp.etaSeconds * 1000)} left`;
    facts.push(['caught up', `${Math.floor((catchUp.done / catchUp.total) * 100)}%${left}`]);
  }
  facts.push(['cursor', cursor === null ? 'none yet' : `${cursor.at}  (${cursor.timeUs})`]);
  facts.push(['host', link?.host ?? cursor?.host ?? 'none yet']);
  facts.push(['newest data', lastFlushAt === null ? 'none yet' : ago(lastFlushAt)]);
  if (report.process !== null) {
    facts.push([
      'this run',
      `${formatCount(report.process.events)} events, ${formatCount(report.process.rows)} rows, started ${ago(report.process.startedAt)}`,
    ]);
  }
  return facts;
};

const gapsText = ({ gaps }: StatusReport, paint: Palette): string =>
  gaps.open === 0 ? 'none' : paint.warn(`${formatCount(gaps.open)}, about ${formatCount(gaps.estimatedEvents)} events`);

const deadText = ({ deadLetters }: StatusReport, nowMs: number, paint: Palette): string => {
  if (deadLetters.count === 0 || deadLetters.newestAt === null) return 'none';
  return paint.bad(
    `${formatCount(deadLetters.count)}, the last ${formatDuration(nowMs - Date.parse(deadLetters.newestAt))} ago`,
  );
};

/** Only what needs looking at has more words: `skyflow feeds list` has the rest. */
const feedsText = ({ shared, stale, broken }: FeedsReport, paint: Palette): string => {
  const fresh = stale.length === 0 ? `${shared} shared, all fresh` : `${shared} shared`;
  const old = stale.map(({ rkey }) => rkey).join(', ');
  return [
    fresh,
    ...(stale.length === 0 ? [] : [paint.warn(`stale: ${old}`)]),
    ...(broken.length === 0 ? [] : [paint.warn(`${broken.length} with mistakes: skyflow feeds check`)]),
  ].join('; ');
};

const formatRate = (perSecond: number): string =>
  perSecond >= 10 || perSecond === 0 ? formatCount(perSecond) : perSecond.toFixed(1);

type Row = readonly string[];

const rateRows = ({ rates }: StatusReport): Row[] =>
  rates.map(({ collection, perSecond }) => [collection, `${formatRate(perSecond)}/s`]);

const dropRows = ({ dropped }: StatusReport): Row[] =>
  Object.entries(dropped)
    .toSorted((a, b) => b[1] - a[1])
    .map(([reason, count]) => [reason.replaceAll('_', ' '), formatCount(count)]);

const tableRows = ({ tables }: StatusReport): Row[] =>
  tables.map(({ name, rows, bytes }) => [name, `${formatCount(rows)} rows`, formatBytes(bytes)]);

const totalBytes = ({ tables }: StatusReport): number => tables.reduce((sum, table) => sum + table.bytes, 0);

/** A heading with an aligned table, or nothing where there are no rows. The first column is text, the others are numbers. */
const section = (title: string, rows: readonly Row[], paint: Palette): string[] => {
  if (rows.length === 0) return [];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  '),
  );
  return ['', `  ${paint.soft(title)}`, ...lines.map((line) => `    ${line}`)];
};

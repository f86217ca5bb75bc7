import type { FlowBoard } from '#pkg/contracts/lens.ts';
import { formatCount } from '#pkg/runtime/quantities.ts';
import { fit } from './width.ts';

type Bucket = FlowBoard['buckets'][number];

const blocks = ' ▁▂▃▄▅▆▇█';
const chartRows = 5;
const mostColumns = 72;
/** Where there are few bars, each may be so many columns wide. */
const widestBar = 4;
/** Every bar is a whole number of buckets, so that no bar is higher for holding more of them. */
const bucketMs = 600_000;

export interface ChartFrame {
  readonly fromMs: number;
  readonly toMs: number;
  /** When the index began: what was before is not drawn, since emptiness would look like silence. */
  readonly sinceMs?: number | undefined;
  /** Columns to fill at most. */
  readonly width: number;
}

/**
 * Skypoints over time as upright bars, oldest on the left, with a mark under every bar that holds a peak. Each bar is the
 * sum of the buckets of an equal stretch of time; stretches without posts are empty.
 */
export const flowChart = (buckets: readonly Bucket[], frame: ChartFrame): string[] => {
  const fromMs = beginOf(buckets, frame);
  const { bars, bucketsPerBar, highest, columns } = barsOf(buckets, { ...frame, fromMs });
  const label = formatCount(highest);
  const margin = ' '.repeat(label.length);
  const draw = (character: (bar: Bar) => string): string => bars.map((bar) => character(bar).repeat(columns)).join('');
  const lines = Array.from({ length: chartRows }, (_, row) => {
    const cells = draw(({ skypoints }) => cell(skypoints / highest, chartRows - row - 1));
    return `${row === 0 ? label : margin} ${cells}`.trimEnd();
  });
  const axis = axisOf({ fromMs, toMs: frame.toMs }, bars.length * columns);
  const legend = `a bar: ${spanText(bucketsPerBar)} of skypoints; ▲ the peaks`;
  const began = fromMs > frame.fromMs ? '; nothing is known of before' : '';
  return [
    ...lines,
    `${margin} ${'─'.repeat(bars.length * columns)}`,
    `${margin} ${draw(({ peak }) => (peak ? '▲' : ' '))}`.trimEnd(),
    ...axis.map((line) => fit(`${margin} ${line}`, frame.width)),
    fit(`${margin} ${legend}${began}`, frame.width),
  ];
};

/** The window's begin, or the index' where that is later; a post can be older than the moment it was first seen. */
const beginOf = (buckets: readonly Bucket[], { fromMs, toMs, sinceMs }: ChartFrame): number => {
  if (sinceMs === undefined || sinceMs <= fromMs || sinceMs >= toMs) return fromMs;
  return Math.max(fromMs, Math.min(sinceMs, ...buckets.map(({ at }) => Date.parse(at))));
};

interface Bar {
  readonly skypoints: number;
  readonly peak: boolean;
}

/** As many bars as there is room for beside the number of the highest. */
const barsOf = (buckets: readonly Bucket[], { fromMs, toMs, width }: ChartFrame) => {
  const first = Math.floor(fromMs / bucketMs);
  const count = Math.max(1, Math.ceil(toMs / bucketMs) - first);
  for (let bucketsPerBar = Math.ceil(count / mostColumns); ; bucketsPerBar += 1) {
    const bars = sumsOf(buckets, { first, count, bucketsPerBar });
    const highest = Math.max(1, ...bars.map(({ skypoints }) => skypoints));
    const room = Math.min(mostColumns, width - formatCount(highest).length - 1);
    if (bars.length > Math.max(room, 1)) continue;
    return { bars, bucketsPerBar, highest, columns: Math.max(1, Math.min(widestBar, Math.floor(room / bars.length))) };
  }
};

const sumsOf = (buckets: readonly Bucket[], into: { first: number; count: number; bucketsPerBar: number }): Bar[] => {
  const { first, count, bucketsPerBar } = into;
  const bars = Array.from({ length: Math.ceil(count / bucketsPerBar) }, (): Bar => ({ skypoints: 0, peak: false }));
  for (const { at, skypoints, peak } of buckets) {
    const place = Math.floor((Math.floor(Date.parse(at) / bucketMs) - first) / bucketsPerBar);
    const before = bars[place];
    if (before !== undefined) bars[place] = { skypoints: before.skypoints + skypoints, peak: before.peak || peak };
  }
  return bars;
};

/** One character of a bar: `share` of the full height, in the row counted from below. Anything above 0 can be seen. */
const cell = (share: number, row: number): string => {
  const eighths = share === 0 ? 0 : Math.max(1, Math.round(share * chartRows * 8));
  return blocks[Math.min(8, Math.max(0, eighths - row * 8))] ?? ' ';
};

const axisOf = ({ fromMs, toMs }: { fromMs: number; toMs: number }, columns: number): string[] => {
  const [from, to] = [shortTime(fromMs), `${shortTime(toMs)} UTC`];
  const space = columns - from.length - to.length;
  return space >= 1 ? [`${from}${' '.repeat(space)}${to}`] : [from, `to ${to}`];
};

const spanText = (buckets: number): string => {
  const minutes = buckets * 10;
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};

/** `Nov 21 12:40`, in UTC. */
export const shortTime = (ms: number): string => {
  const date = new Date(ms);
  const month = date.toLocaleString('en-US', { month: 'short', timeZone: 'UTC' });
  return `${month} ${date.getUTCDate()} ${date.toISOString().slice(11, 16)}`;
};

import type { FlowBoard } from '#pkg/contracts/lens.ts';
import { fit } from './width.ts';

type Bucket = FlowBoard['buckets'][number];

const blocks = ' ▁▂▃▄▅▆▇█';
const chartRows = 5;
/** Every bar is a whole number of buckets, so that no bar is higher for holding more of them. */
const bucketMs = 600_000;

export interface ChartFrame {
  readonly fromMs: number;
  readonly toMs: number;
  /** Columns to fill at most. */
  readonly width: number;
}

/**
 * Skypoints over time as upright bars, oldest on the left, with a mark under every bar that holds a peak. Each bar is the
 * sum of the buckets of an equal stretch of time; stretches without posts are empty.
 */
export const flowChart = (buckets: readonly Bucket[], frame: ChartFrame): string[] => {
  const { bars, bucketsPerBar } = barsOf(buckets, frame);
  const highest = Math.max(1, ...bars.map(({ skypoints }) => skypoints));
  const label = String(highest);
  const margin = ' '.repeat(label.length);
  const lines = Array.from({ length: chartRows }, (_, row) => {
    const cells = bars.map(({ skypoints }) => cell(skypoints / highest, chartRows - row - 1)).join('');
    return `${row === 0 ? label : margin} ${cells}`.trimEnd();
  });
  const marks = bars.map(({ peak }) => (peak ? '▲' : ' ')).join('');
  const axis = axisOf(frame, bars.length);
  return [
    ...lines,
    `${margin} ${'─'.repeat(bars.length)}`,
    `${margin} ${marks}`.trimEnd(),
    ...axis.map((line) => fit(`${margin} ${line}`, frame.width)),
    fit(`${margin} a bar: ${spanText(bucketsPerBar)} of skypoints; ▲ the peaks`, frame.width),
  ];
};

interface Bar {
  readonly skypoints: number;
  readonly peak: boolean;
}

const barsOf = (buckets: readonly Bucket[], { fromMs, toMs, width }: ChartFrame) => {
  const first = Math.floor(fromMs / bucketMs);
  const count = Math.max(1, Math.ceil(toMs / bucketMs) - first);
  const label = Math.max(1, ...buckets.map(({ skypoints }) => skypoints));
  // A bar's sum can have one digit more than any bucket's, or two.
  const room = Math.max(8, width - String(label).length - 3);
  const bucketsPerBar = Math.ceil(count / Math.min(room, 72));
  const bars = Array.from({ length: Math.ceil(count / bucketsPerBar) }, (): Bar => ({ skypoints: 0, peak: false }));
  for (const { at, skypoints, peak } of buckets) {
    const place = Math.floor((Math.floor(Date.parse(at) / bucketMs) - first) / bucketsPerBar);
    const before = bars[place];
    if (before !== undefined) bars[place] = { skypoints: before.skypoints + skypoints, peak: before.peak || peak };
  }
  return { bars, bucketsPerBar };
};

/** One character of a bar: `share` of the full height, in the row counted from below. Anything above 0 can be seen. */
const cell = (share: number, row: number): string => {
  const eighths = share === 0 ? 0 : Math.max(1, Math.round(share * chartRows * 8));
  return blocks[Math.min(8, Math.max(0, eighths - row * 8))] ?? ' ';
};

const axisOf = ({ fromMs, toMs }: ChartFrame, columns: number): string[] => {
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

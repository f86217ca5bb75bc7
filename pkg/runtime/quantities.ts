const UNIT_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const UNIT_BYTES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

/** `500ms`, `30s`, `5m`, `36h`, `30d`, `1h30m`, in milliseconds; undefined for anything else. A bare number has no unit, so it is refused. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  }
  const roundedMs = Math.round(totalMs);
  return Number.isSafeInteger(roundedMs) ? roundedMs : undefined;
}

/** `64MB`, `512KB`, `1.5GB`, `100B` in bytes (1 KB = 1024 bytes, upper or lower case); undefined for anything else. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s?(b|kb|mb|gb)$/i.exec(text) ?? [];
  const bytes = Math.round(Number(amount) * (UNIT_BYTES[unit?.toLowerCase() ?? ''] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The two largest units of a duration: `3 d 4 h`, `2 min 5 s`, `850 ms`. Negative and unknown durations show as `?`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '?';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return two(minutes, 'min', seconds % 60, 's');
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return two(hours, 'h', minutes % 60, 'min');
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `1.4 GB`, `12 MB`, `830 B`. */
export function formatBytes(bytes: number): string {
  let amount = Math.max(0, bytes);
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (amount < 1024 || unit === 'GB')
      return `${amount < 10 && unit !== 'B' ? amount.toFixed(1) : Math.round(amount)} ${unit}`;
    amount /= 1024;
  }
  return '?';
}

/** `1,234,567`: always with commas, whatever the machine's locale, so that output can be compared. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

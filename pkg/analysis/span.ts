import { TIME_WINDOW_MS, type TimeWindow } from '#pkg/contracts/lens.ts';

/** A window that ends at `toMs`, exclusive. Milliseconds since 1970. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly lengthMs: number;
}

/** The window that ends now. */
export const spanOf = (window: TimeWindow, nowMs: number): Span => {
  const lengthMs = TIME_WINDOW_MS[window];
  return { fromMs: nowMs - lengthMs, toMs: nowMs, lengthMs };
};

/**
 * What the statements ask of time: posts from `windowsBack` windows before the span on. A post's sort time is never after the
 * time in its key, so its key is not before `since_tid`; keys that are no TID are above every TID.
 */
export const timeParams = ({ fromMs, toMs, lengthMs }: Span, windowsBack: number) => {
  const sinceMs = Math.max(0, fromMs - windowsBack * lengthMs);
  return {
    since_ms: sinceMs,
    from_ms: fromMs,
    to_ms: toMs,
    window_ms: lengthMs,
    since_tid: (BigInt(sinceMs) * 1000n) << 10n,
    since_day: new Date(sinceMs).toISOString().slice(0, 10),
  };
};

import type { HistoryPlace } from '../store/analyses.ts';

/** A place in the history as clients see it: opaque, and safe in a URL. */
export const writeCursor = ({ requestedAtMs, id }: HistoryPlace): string =>
  Buffer.from(`${requestedAtMs}.${id}`, 'utf8').toString('base64url');

const CURSOR = /^(\d{1,15})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

/** The place, or undefined for what we never wrote. */
export function readCursor(text: string): HistoryPlace | undefined {
  const [, ms, id] = CURSOR.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  return ms === undefined || id === undefined ? undefined : { requestedAtMs: Number(ms), id };
}

import { createHash } from 'node:crypto';

/**
 * A place in a user's ledger as clients see it: opaque, and safe in a URL. It is good for that user alone: one that was changed or
 * belongs to somebody else is a mistake that is told, instead of a page from anywhere.
 */
export const writeCursor = (userId: string, id: number): string =>
  Buffer.from(`${id}.${markOf(userId, id)}`, 'utf8').toString('base64url');

const CURSOR = /^([1-9]\d{0,15})\.[0-9a-f]{16}$/;

/** The id before which the page begins, or undefined for what we never wrote to this user. */
export function readCursor(userId: string, text: string): number | undefined {
  const [, digits] = CURSOR.exec(Buffer.from(text, 'base64url').toString('utf8')) ?? [];
  const id = Number(digits);
  // Written anew, since several texts can be read as the same bytes.
  return digits !== undefined && Number.isSafeInteger(id) && writeCursor(userId, id) === text ? id : undefined;
}

const markOf = (userId: string, id: number): string =>
  createHash('sha256').update(`xp ${id} ${userId}`).digest('hex').slice(0, 16);

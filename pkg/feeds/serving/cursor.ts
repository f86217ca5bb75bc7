import { createHmac, timingSafeEqual } from 'node:crypto';

/** A place in a ranking. */
export interface Place {
  /** 16 characters of base64url. */
  readonly rankingId: string;
  /** How many posts of the ranking were passed. */
  readonly position: number;
}

/** For whom and for what a cursor is good. */
export interface CursorScope {
  readonly rkey: string;
  /** Undefined: not signed in. */
  readonly did: string | undefined;
}

/** Writes cursors and reads its own. */
export interface Cursors {
  /** Undefined where the position is too deep for one. */
  write(place: Place, scope: CursorScope): string | undefined;
  /** Undefined for a text that is no cursor, was changed, is of another feed, viewer or version. */
  read(text: string, scope: CursorScope): Place | undefined;
}

const VERSION = 1;
const ID_AT = 1;
const POSITION_AT = 13;
const MAC_AT = 15;
const MAC_BYTES = 16;
const BYTES = MAC_AT + MAC_BYTES;
const CHARS = Math.ceil((BYTES * 4) / 3);
const MAX_POSITION = 0xffff;

/**
 * Cursors: base64url of version (1 byte), ranking (12), position (2) and a MAC (16) over these, the feed and the viewer.
 * @param key at least 32 bytes that all instances share
 */
export function createCursors(key: Uint8Array): Cursors {
  if (key.length < 32) throw new Error('the key of the cursors is too short');
  const mac = (head: Uint8Array, { rkey, did }: CursorScope): Buffer =>
    // NUL is in neither: what one scope signs, no other does.
    createHmac('sha256', key)
      .update(head)
      .update(`${rkey}\0${did ?? ''}`, 'utf8')
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    write({ rankingId, position }, scope) {
      if (position > MAX_POSITION) return undefined;
      const bytes = Buffer.alloc(BYTES);
      bytes[0] = VERSION;
      if (bytes.write(rankingId, ID_AT, POSITION_AT - ID_AT, 'base64url') !== POSITION_AT - ID_AT) {
        throw new Error('the id of a ranking has 12 bytes');
      }
      bytes.writeUInt16BE(position, POSITION_AT);
      mac(bytes.subarray(0, MAC_AT), scope).copy(bytes, MAC_AT);
      return bytes.toString('base64url');
    },
    read(text, scope) {
      if (text.length !== CHARS) return undefined;
      const bytes = Buffer.from(text, 'base64url');
      // Several texts stand for the same bytes; we write one of them.
      if (bytes.length !== BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== text) return undefined;
      if (!timingSafeEqual(mac(bytes.subarray(0, MAC_AT), scope), bytes.subarray(MAC_AT))) return undefined;
      return {
        rankingId: bytes.toString('base64url', ID_AT, POSITION_AT),
        position: bytes.readUInt16BE(POSITION_AT),
      };
    },
  };
}

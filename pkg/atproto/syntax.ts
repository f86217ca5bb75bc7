import { parseTid } from './tid.ts';

/** Syntax checks of the protocol's identifiers: total functions over any string, no exceptions, no I/O. */

const didPattern = /^did:[a-z]+:[a-zA-Z0-9._:%-]*[a-zA-Z0-9._-]$/;
const nsidPattern =
  /^[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)+\.[a-zA-Z][a-zA-Z0-9]{0,62}$/;
const recordKeyPattern = /^[a-zA-Z0-9_~.:-]{1,512}$/;
const handlePattern =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.)+[a-zA-Z](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/;

const maxDidLength = 2048;
const plcLength = 32;

/** Whether `text` is a DID by the AT Protocol's generic syntax (any method, at most 2048 characters). */
export const isDid = (text: string): boolean => {
  // Nearly every DID is did:plc and 32 characters long: a length check first keeps hostile input from the pattern.
  if (text.length > maxDidLength || text.length < 7) return false;
  if (text.length === plcLength && text.startsWith('did:plc:')) return isPlcBody(text);
  return didPattern.test(text);
};

const isPlcBody = (text: string): boolean => {
  for (let index = 8; index < plcLength; index += 1) {
    const code = text.charCodeAt(index);
    const isBase32 = (code >= 97 && code <= 122) || (code >= 50 && code <= 55);
    if (!isBase32) return didPattern.test(text);
  }
  return true;
};

/** Whether `text` is a namespaced identifier such as `app.bsky.feed.post` (at most 317 characters). */
export const isNsid = (text: string): boolean => text.length <= 317 && nsidPattern.test(text);

/** Whether `text` may be a record key: 1 to 512 characters of a small set, not `.` and not `..`. */
export const isRecordKey = (text: string): boolean =>
  // Nearly every record key is a TID, which is read without a pattern.
  parseTid(text) !== undefined || (recordKeyPattern.test(text) && text !== '.' && text !== '..');

/** Whether `text` is a handle, that is a domain name of at most 253 characters. */
export const isHandle = (text: string): boolean => text.length <= 253 && handlePattern.test(text);

/** A handle that somebody typed as the network has it: without the `@` in front, in lower case. Whether it is one is not said. */
export const typedHandle = (text: string): string => text.replace(/^@/, '').toLowerCase();

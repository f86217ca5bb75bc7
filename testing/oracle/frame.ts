import { isDid, isNsid, isRecordKey, isTid, readTimeUs } from './syntax.ts';
import { kindByCollection, objectOf, readContent, type Content, type Json } from './records.ts';

/** What one wire frame asks of the index. */
export type Frame =
  | { is: 'dropped' }
  /** Correct, and of no concern: a collection that is not indexed. */
  | { is: 'ignored' }
  /** `content` null: the record is deleted. */
  | {
      is: 'record';
      did: string;
      timeUs: number;
      collection: string;
      rkey: string;
      rev: string;
      content: Content | null;
    }
  | { is: 'account'; did: string; timeUs: number; versionUs: number; active: boolean; status: string }
  /** `handle` undefined: the event says only that the identity changed. */
  | { is: 'identity'; did: string; timeUs: number; versionUs: number; handle: string | undefined };

const dropped: Frame = { is: 'dropped' };

/** The event's own time, unless it lies ahead of when the relay saw it. */
const versionOf = (event: Json, timeUs: number): number => Math.min(readTimeUs(event['time']) ?? timeUs, timeUs);

const readCommit = (did: string, timeUs: number, commit: Json | undefined): Frame => {
  if (commit === undefined) return dropped;
  const { collection, rkey, rev, operation } = commit;
  if (!isNsid(collection) || !isRecordKey(rkey) || !isTid(rev)) return dropped;
  const place = { is: 'record', did, timeUs, collection, rkey, rev } as const;
  const record = objectOf(commit['record']);
  if (operation !== 'create' && operation !== 'update' && operation !== 'delete') return dropped;
  if (operation !== 'delete' && record === undefined) return dropped;
  const kind = kindByCollection.get(collection);
  if (kind === undefined) return { is: 'ignored' };
  // An account has one profile, under a fixed key; what stands under others is nobody's profile.
  if (kind === 'profile' && rkey !== 'self') return { is: 'ignored' };
  if (operation === 'delete' || record === undefined) return { ...place, content: null };
  const content = readContent(kind, record);
  return content === undefined ? dropped : { ...place, content };
};

const readAccount = (did: string, timeUs: number, account: Json | undefined): Frame => {
  if (account === undefined || typeof account['active'] !== 'boolean') return dropped;
  const status = typeof account['status'] === 'string' ? account['status'].toWellFormed() : '';
  return { is: 'account', did, timeUs, versionUs: versionOf(account, timeUs), active: account['active'], status };
};

const readIdentity = (did: string, timeUs: number, identity: Json | undefined): Frame => {
  if (identity === undefined) return dropped;
  const named = typeof identity['handle'] === 'string' && identity['handle'] !== '';
  const handle = named ? (identity['handle'] as string).toWellFormed() : undefined;
  return { is: 'identity', did, timeUs, versionUs: versionOf(identity, timeUs), handle };
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Reads one text frame of the Jetstream v1 wire; never throws. */
export const readFrame = (text: string): Frame => {
  const frame = objectOf(parse(text));
  if (frame === undefined) return dropped;
  const { did, kind } = frame;
  const timeUs = frame['time_us'];
  if (!isDid(did)) return dropped;
  if (typeof timeUs !== 'number' || !Number.isSafeInteger(timeUs) || timeUs <= 0) return dropped;
  if (kind === 'commit') return readCommit(did, timeUs, objectOf(frame['commit']));
  if (kind === 'account') return readAccount(did, timeUs, objectOf(frame['account']));
  if (kind === 'identity') return readIdentity(did, timeUs, objectOf(frame['identity']));
  return dropped;
};

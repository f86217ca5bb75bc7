import { type AtpAgent, BlobRef, jsonToLex, XRPCError } from '@atproto/api';
import { UserError } from '#pkg/runtime/errors.ts';
import { type Avatar, readAvatar } from './avatar.ts';
import { diffRecord } from './diff.ts';
import { explainPds } from './pds-errors.ts';
import { buildRecord, COLLECTION, type GeneratorRecord, type Publishable, requireValid } from './record.ts';

export interface PublishOptions {
  /** Signed in (see `signIn`). */
  readonly agent: AtpAgent;
  readonly feed: Publishable;
  /** Our own DID: where the AppView asks for the feed. */
  readonly serviceDid: string;
  /** Shown the difference before anything is written; false: nothing is. Default: yes. */
  readonly approve?: (change: Change) => Promise<boolean>;
  readonly nowMs?: () => number;
}

/** What is about to be written. */
export interface Change {
  readonly rkey: string;
  readonly kind: 'create' | 'update' | 'delete';
  /** See `diffRecord`. */
  readonly lines: readonly string[];
}

/** `same`: nothing was different and nothing written; `declined`: `approve` said no. */
export type Published =
  | { readonly state: 'created' | 'updated' | 'same'; readonly uri: string; readonly cid: string }
  | { readonly state: 'declined'; readonly uri: string };

/**
 * Makes the account's record of a feed what the feed says. The picture is uploaded only where it is another one than stands
 * there, and the record written only where it is different, and only if nobody changed it meanwhile.
 *
 * @throws UserError for everything that the PDS refuses
 */
export const publishFeed = async (options: PublishOptions): Promise<Published> => {
  const { agent, feed, serviceDid, approve = async () => true, nowMs = Date.now } = options;
  const repo = agent.assertDid;
  const uri = uriOf(repo, feed.rkey);
  const standing = await readRecord(agent, feed.rkey);
  const picture = feed.avatar === undefined ? undefined : await readAvatar(feed.avatar);
  const stands = sameBlob(standing?.record, picture);
  const build = (avatar: BlobRef | undefined): GeneratorRecord =>
    buildRecord({
      feed,
      serviceDid,
      avatar,
      createdAt: new Date(nowMs()).toISOString(),
      existing: standing?.record,
    });
  // Before the upload, the difference is told with the blob that the upload will make.
  const next = build(stands ?? (picture === undefined ? undefined : blobOf(picture)));
  requireValid(feed.rkey, next);
  const lines = diffRecord(standing?.record, next);
  if (standing !== undefined && lines.length === 0) return { state: 'same', uri, cid: standing.cid };
  const kind = standing === undefined ? 'create' : 'update';
  if (!(await approve({ rkey: feed.rkey, kind, lines }))) return { state: 'declined', uri };
  return await told(agent, async () => {
    const record = stands === undefined && picture !== undefined ? build(await upload(agent, picture)) : next;
    const { data } = await agent.com.atproto.repo.putRecord({
      repo,
      collection: COLLECTION,
      rkey: feed.rkey,
      record: { ...record },
      swapRecord: standing?.cid ?? null,
    });
    return { state: kind === 'create' ? 'created' : 'updated', uri, cid: data.cid };
  });
};

/** What became of the record: it is gone, there was none, or `approve` said no. */
export type Unpublished = { readonly state: 'deleted' | 'absent' | 'declined'; readonly uri: string };

/** Deletes the account's record of a feed. @throws UserError for everything that the PDS refuses */
export const unpublishFeed = async (
  options: Pick<PublishOptions, 'agent' | 'approve'> & { readonly rkey: string },
): Promise<Unpublished> => {
  const { agent, rkey, approve = async () => true } = options;
  const repo = agent.assertDid;
  const uri = uriOf(repo, rkey);
  const standing = await readRecord(agent, rkey);
  if (standing === undefined) return { state: 'absent', uri };
  if (!(await approve({ rkey, kind: 'delete', lines: diffRecord(standing.record, undefined) }))) {
    return { state: 'declined', uri };
  }
  await told(agent, () =>
    agent.com.atproto.repo.deleteRecord({ repo, collection: COLLECTION, rkey, swapRecord: standing.cid }),
  );
  return { state: 'deleted', uri };
};

export const uriOf = (did: string, rkey: string): string => `at://${did}/${COLLECTION}/${rkey}`;

interface Standing {
  readonly record: GeneratorRecord;
  readonly cid: string;
}

const readRecord = (agent: AtpAgent, rkey: string): Promise<Standing | undefined> =>
  told(agent, async () => {
    try {
      const { data } = await agent.com.atproto.repo.getRecord({ repo: agent.assertDid, collection: COLLECTION, rkey });
      if (data.cid === undefined) {
        throw new UserError(`The PDS does not say which version of the record of ${rkey} it has.`, {
          hint: 'It is too old to write to without overwriting what others write.',
        });
      }
      return { record: data.value, cid: data.cid };
    } catch (error) {
      if (error instanceof XRPCError && isAbsent(error)) return undefined;
      throw error;
    }
  });

/** PDSes before 2024 had no name for it. */
const isAbsent = ({ error, message }: XRPCError): boolean =>
  error === 'RecordNotFound' || (error === 'InvalidRequest' && message.startsWith('Could not locate record'));

/** The picture that stands in the record, where it has these very bytes. */
const sameBlob = (record: GeneratorRecord | undefined, picture: Avatar | undefined): BlobRef | undefined => {
  const stands = record?.['avatar'];
  return stands instanceof BlobRef && stands.ref.toString() === picture?.cid ? stands : undefined;
};

const blobOf = ({ cid, mimeType, bytes }: Avatar): BlobRef => {
  const blob = jsonToLex({ $type: 'blob', ref: { $link: cid }, mimeType, size: bytes.length });
  if (!(blob instanceof BlobRef)) throw new Error('a blob reference was not understood');
  return blob;
};

const upload = async (agent: AtpAgent, { bytes, mimeType }: Avatar): Promise<BlobRef> => {
  const { data } = await agent.com.atproto.repo.uploadBlob(bytes, { encoding: mimeType });
  return data.blob;
};

const told = async <T>(agent: AtpAgent, run: () => Promise<T>): Promise<T> => {
  try {
    return await run();
  } catch (error) {
    throw explainPds(error, agent.session?.handle ?? agent.assertDid);
  }
};

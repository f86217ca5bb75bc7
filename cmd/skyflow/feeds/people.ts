import { parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import { isDid, isHandle, isRecordKey, typedHandle } from '#pkg/atproto/syntax.ts';
import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import type { Keys } from '#pkg/clickhouse/keys.ts';
import { defineQuery, readSql } from '#pkg/clickhouse/query.ts';
import { type Directory, isIdentityProblem } from '#pkg/identity/directory.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { findAccount } from '../analyze/find-account.ts';

export interface PeopleParts {
  readonly store: ClickHouse;
  readonly keys: Pick<Keys, 'actorId'>;
  readonly directory: Pick<Directory, 'resolve'>;
}

/** An account with its last handle, where one is known. */
export interface Named {
  readonly did: string;
  readonly handle: string | null;
}

const handlesQuery = defineQuery<{ ids: bigint[] }, { did: string; handle: string }>({
  name: 'feeds_handles',
  sql: readSql(import.meta.url, 'handles.sql'),
});

/** The accounts in the same order. Handles are what the index has: nobody is asked. */
export const withHandles = async (parts: PeopleParts, dids: readonly string[]): Promise<Named[]> => {
  if (dids.length === 0) return [];
  const ids = dids.map((did) => parts.keys.actorId(did));
  const rows = await parts.store.query(handlesQuery, { ids });
  const handles = new Map(rows.map(({ did, handle }) => [did, handle]));
  return dids.map((did) => ({ did, handle: handles.get(did) ?? null }));
};

/**
 * The DID of an account that somebody typed: by the index, which works without the internet, else by the network.
 * @throws UserError where nobody answers to it
 */
export const didOf = async ({ store, directory }: PeopleParts, typed: string): Promise<string> => {
  if (isDid(typed)) return typed;
  const handle = typedHandle(typed);
  if (!isHandle(handle)) {
    throw new UserError(`${JSON.stringify(typed)} is neither a handle nor a DID.`, {
      hint: 'A handle looks like alice.example.com, a DID like did:plc:ewvi7nxzyoun6zhxrhs64oiz.',
    });
  }
  const known = await findAccount(store, handle);
  if (known !== undefined) return known;
  const found = await directory.resolve(handle);
  if (!isIdentityProblem(found)) return found.did;
  throw new UserError(`This index has seen no account with the handle ${handle}, and ${found.message}.`, {
    hint: 'Check the spelling and the connection, or give its DID.',
  });
};

const link = /^https:\/\/(?:[a-z0-9-]+\.)*[a-z0-9-]+\/profile\/([^/?#]+)(?:\/post\/([^/?#]+))?\/?$/;

/** What somebody typed who meant an account or a post: whose, and which post. */
const readSubject = (typed: string): { readonly account: string; readonly rkey: string | undefined } => {
  const [, account, rkey] = link.exec(typed) ?? [];
  if (account !== undefined) return { account: decodeURIComponent(account), rkey };
  const [, authority, collection, key] = /^at:\/\/([^/]+)(?:\/([^/]+)\/([^/]+))?$/.exec(typed) ?? [];
  if (authority === undefined) return { account: typed, rkey: undefined };
  if (collection !== undefined && collection !== collections.post) {
    throw new UserError(`${typed} is not a post.`, { hint: `The at-uri of a post has ${collections.post} in it.` });
  }
  return { account: authority, rkey: key };
};

/**
 * The DID of an account or the at-uri of a post, from a handle, a DID, an at-uri or a link of an app.
 * @throws UserError where it is none of these, or nobody answers to the handle
 */
export const subjectOf = async (parts: PeopleParts, typed: string): Promise<string> => {
  const { account, rkey } = readSubject(typed.trim());
  const did = await didOf(parts, account);
  if (rkey === undefined) return did;
  if (!isRecordKey(rkey)) {
    throw new UserError(`${JSON.stringify(rkey)} is not the key of a post.`, { hint: 'Copy the whole link.' });
  }
  return `at://${did}/${collections.post}/${rkey}`;
};

/** The same where only a post will do. */
export const postOf = async (parts: PeopleParts, typed: string): Promise<string> => {
  if (!typed.includes('/')) throw noPost(typed);
  const subject = await subjectOf(parts, typed);
  if (parseAtUri(subject) !== undefined) return subject;
  throw noPost(typed);
};

const noPost = (typed: string): UserError =>
  new UserError(`${JSON.stringify(typed)} is no post.`, {
    hint: 'Give at://DID/app.bsky.feed.post/KEY, or the link of the post on bsky.app.',
  });

import type { Change } from '#pkg/feeds/rules/writer.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { type Handler, requireFeed } from './operator-parts.ts';
import { didOf, subjectOf, withHandles } from './people.ts';

/** How many rows the change touched. @throws UserError where it was refused */
const made = (change: Change): number => {
  if (change.done) return change.changed;
  throw new UserError(change.message, { hint: 'Nothing was changed.' });
};

export const published: Handler<'published'> = async ({ rules }, { rkey, publisherDid, cid }) => {
  made(await rules.write.recordPublication({ rkey, publisherDid, cid }));
  return {};
};

/** For any rkey: a feed whose folder is gone can be taken back as well. */
export const unpublished: Handler<'unpublished'> = async ({ rules }, { rkey, publisherDid }) => {
  made(await rules.write.forgetPublication(rkey, publisherDid));
  return {};
};

export const ban: Handler<'ban'> = async (parts, { subject: typed, reason }) => {
  const subject = await subjectOf(parts, typed);
  return { subject, changed: made(await parts.rules.write.ban(subject, reason)) > 0 };
};

export const unban: Handler<'unban'> = async (parts, { subject: typed }) => {
  const subject = await subjectOf(parts, typed);
  return { subject, changed: made(await parts.rules.write.unban(subject)) > 0 };
};

const pageSize = 10_000;

export const bans: Handler<'bans'> = async (parts) => {
  const all = await pages(
    (after) => parts.rules.write.listBans({ after, limit: pageSize }),
    ({ subject }) => subject,
  );
  const dids = all.map(({ subject }) => subject.replace(/^at:\/\/([^/]+).*$/, '$1'));
  const named = await withHandles(parts, dids);
  return {
    bans: all
      .map(({ subject, reason, bannedAt }, at) => ({
        subject,
        handle: named[at]?.handle ?? null,
        reason,
        at: bannedAt.toISOString(),
      }))
      .toSorted((a, b) => b.at.localeCompare(a.at) || a.subject.localeCompare(b.subject)),
  };
};

export const members: Handler<'members'> = async (parts, { rkey, add, remove }) => {
  requireFeed(parts, rkey);
  const { write } = parts.rules;
  // All names first: a misspelt one must not leave half of them done.
  const coming = await Promise.all(add.map((typed) => didOf(parts, typed)));
  const going = await Promise.all(remove.map((typed) => didOf(parts, typed)));
  const removed = going.length === 0 ? 0 : made(await write.removeMembers(rkey, going));
  const added = coming.length === 0 ? 0 : made(await write.addMembers(rkey, coming));
  const all = await pages(
    (after) => write.listMembers(rkey, { after, limit: pageSize }),
    ({ did }) => did,
  );
  return {
    rkey,
    added,
    removed,
    members: await withHandles(
      parts,
      all.map(({ did }) => did),
    ),
  };
};

const pages = async <T>(
  read: (after: string | undefined) => Promise<readonly T[]>,
  nameOf: (one: T) => string,
): Promise<T[]> => {
  const all: T[] = [];
  for (;;) {
    const last = all.at(-1);
    const page = await read(last === undefined ? undefined : nameOf(last));
    all.push(...page);
    if (page.length < pageSize) return all;
  }
};

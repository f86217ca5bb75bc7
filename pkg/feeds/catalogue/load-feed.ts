import { hash } from 'node:crypto';
import { basename } from 'node:path';
import { nearestName } from '#pkg/runtime/nearest.ts';
import type { Feed } from '../feed.ts';
import { findAvatar } from './avatar.ts';
import { folderMistake, readTextFile } from './files.ts';
import { type Manifest, readManifest, rkeyMistake } from './manifest.ts';
import { type Read, wrong } from './mistakes.ts';
import { asksFor, checkPlaceholders, placeholdersOf } from './parameters.ts';
import { maxManifestBytes, readStatements, readTemplate, type Statements, templatesDir } from './template.ts';

/** Where a feed comes from. */
export interface FeedFolder {
  readonly folder: string;
  readonly origin: Feed['origin'];
  /** Skyflow's own by default. */
  readonly templates?: string | undefined;
}

/** Reads a feed's folder. Its statements have been looked at, but not by the engine (see `checkStatement`). */
export const loadFeed = async (from: FeedFolder): Promise<Read<Feed>> => {
  const { folder } = from;
  const rkey = basename(folder);
  const misplaced = await folderMistake(folder);
  if (misplaced !== undefined) return wrong(misplaced);
  const nameMistake = rkeyMistake(rkey);
  const text = await readTextFile(folder, 'feed.json', maxManifestBytes);
  if (text === undefined) return wrong('There is no feed.json in this folder.');
  if (!text.ok) return text;
  const manifest = readManifest(text.value);
  if (!manifest.ok) return wrong(...(nameMistake === undefined ? [] : [nameMistake]), ...manifest.mistakes);
  const statements = await statementsOf(from, manifest.value);
  const avatar = await findAvatar(folder, manifest.value.avatar);
  if (!statements.ok || !avatar.ok || nameMistake !== undefined)
    return wrong(
      ...(nameMistake === undefined ? [] : [nameMistake]),
      ...(statements.ok ? [] : statements.mistakes),
      ...(avatar.ok ? [] : avatar.mistakes),
    );
  const mistakes = checkUse(manifest.value, statements.value);
  if (mistakes.length > 0) return wrong(...mistakes);
  const feed = toFeed(rkey, manifest.value, statements.value);
  const fingerprint = hash('sha256', JSON.stringify([feed, avatar.value?.digest])).slice(0, 32);
  return { ok: true, value: { ...feed, avatar: avatar.value?.path, origin: from.origin, folder, fingerprint } };
};

const statementsOf = async (
  { folder, templates = templatesDir }: FeedFolder,
  manifest: Manifest,
): Promise<Read<Statements>> => {
  if (manifest.template === undefined) return readStatements(folder, manifest.settings);
  const own = await readTextFile(folder, 'feed.sql', maxManifestBytes);
  if (own !== undefined) return wrong('There is a feed.sql, but feed.json names a template. Remove one of them.');
  return readTemplate(manifest.template, manifest.settings, templates);
};

/** What can be said about a statement and its settings without the engine. */
const checkUse = (manifest: Manifest, { sql, why, settings }: Statements): string[] => {
  const mistakes = checkPlaceholders({ file: 'feed.sql', sql, settings });
  if (why !== undefined) mistakes.push(...checkPlaceholders({ file: 'why.sql', sql: why, settings }));
  const used = new Set(placeholdersOf(`${sql}\n${why ?? ''}`).map(({ name }) => name));
  if (manifest.template === undefined)
    for (const name of Object.keys(settings).filter((one) => !used.has(one))) {
      const meant = nearestName(name, used);
      mistakes.push(
        `feed.json: nothing uses the setting ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`,
      );
    }
  const isPersonal = asksFor(sql, 'viewer') || asksFor(sql, 'viewer_follows');
  if (!isPersonal && asksFor(sql, 'viewer_langs'))
    mistakes.push(
      'feed.sql uses viewer_langs but not viewer: its posts are the same for all. Set languages to "viewer" instead.',
    );
  if (!isPersonal && manifest.publicForm !== undefined)
    mistakes.push(
      'feed.json: publicForm is for feeds whose statement uses {viewer:UInt64}; this one is the same for all.',
    );
  return mistakes;
};

const toFeed = (rkey: string, manifest: Manifest, { sql, why, settings }: Statements) => ({
  rkey,
  displayName: manifest.displayName,
  description: manifest.description,
  languages: manifest.languages,
  contentMode: manifest.contentMode,
  acceptsInteractions: manifest.acceptsInteractions,
  visibility: manifest.visibility,
  order: manifest.order,
  publicForm: manifest.publicForm,
  refreshMs: manifest.refresh,
  keepMs: manifest.keep,
  pageSize: manifest.pageSize,
  maxPosts: manifest.maxPosts,
  replies: manifest.replies,
  perAuthor: manifest.perAuthor,
  labels: manifest.labels,
  sql,
  why,
  settings,
  personal: asksFor(sql, 'viewer') || asksFor(sql, 'viewer_follows'),
  asksFollows: asksFor(`${sql}\n${why ?? ''}`, 'viewer_follows'),
  asksMembers: asksFor(sql, 'members'),
});

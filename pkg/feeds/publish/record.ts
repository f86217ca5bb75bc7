import { AppBskyFeedGenerator, type BlobRef } from '@atproto/api';
import { UserError } from '#pkg/runtime/errors.ts';
import type { Feed } from '../feed.ts';

/** What a record says of a feed. */
export type Publishable = Pick<
  Feed,
  'rkey' | 'displayName' | 'description' | 'avatar' | 'contentMode' | 'acceptsInteractions' | 'labels'
>;

export const COLLECTION = 'app.bsky.feed.generator';

/** A record as the repository has it; fields of other programs are among them. */
export type GeneratorRecord = Readonly<Record<string, unknown>>;

export interface RecordParts {
  readonly feed: Publishable;
  readonly serviceDid: string;
  /** The picture as a blob of the repository; undefined for none. */
  readonly avatar: BlobRef | undefined;
  /** ISO, UTC. Used where there is no record yet. */
  readonly createdAt: string;
  /** The record that stands there. */
  readonly existing: GeneratorRecord | undefined;
}

/** Fields that this program sets. Others, set by other programs, are kept. */
const ours = ['did', 'displayName', 'description', 'avatar', 'acceptsInteractions', 'labels', 'contentMode'] as const;

/** The record of a feed. What says nothing (no description, no labels) is left out. */
export const buildRecord = ({ feed, serviceDid, avatar, createdAt, existing }: RecordParts): GeneratorRecord => {
  const kept: Record<string, unknown> = { ...existing };
  for (const field of ours) delete kept[field];
  // Facets count bytes of the description: with another text they point at nothing.
  if (existing?.['description'] !== feed.description) delete kept['descriptionFacets'];
  return {
    ...kept,
    $type: COLLECTION,
    did: serviceDid,
    displayName: feed.displayName,
    ...(feed.description === '' ? {} : { description: feed.description }),
    ...(avatar === undefined ? {} : { avatar }),
    ...(feed.acceptsInteractions ? { acceptsInteractions: true } : {}),
    ...(feed.labels.length === 0 ? {} : { labels: selfLabels(feed.labels) }),
    ...(feed.contentMode === 'video' ? { contentMode: 'app.bsky.feed.defs#contentModeVideo' } : {}),
    createdAt: typeof existing?.['createdAt'] === 'string' ? existing['createdAt'] : createdAt,
  };
};

const selfLabels = (values: readonly string[]): object => ({
  $type: 'com.atproto.label.defs#selfLabels',
  values: values.map((val) => ({ val })),
});

/** @throws UserError where the lexicon does not allow the record: the PDS would refuse it with less of an explanation. */
export const requireValid = (rkey: string, record: GeneratorRecord): void => {
  const result = AppBskyFeedGenerator.validateRecord(record);
  if (result.success) return;
  throw new UserError(`The record of ${rkey} is not as Bluesky wants it: ${result.error.message}.`, {
    hint: 'Change that in its feed.json, then look at `skyflow feeds check`.',
    cause: result.error,
  });
};

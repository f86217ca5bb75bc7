import { type AtUri, parseAtUri } from '#pkg/atproto/at-uri.ts';
import { collections } from '#pkg/atproto/collections.ts';
import { parseDatetimeMs } from '#pkg/atproto/datetime.ts';
import { isDid } from '#pkg/atproto/syntax.ts';
import { asList, asObject, asText, asTexts, type JsonObject } from './read.ts';
import { drop, type EdgeRow, ok, type PostRow, type RecordModule } from './types.ts';

/** The at-uri inside a strong reference `{uri, cid}`. */
export const readRef = (value: unknown): AtUri | undefined => {
  const uri = asText(asObject(value)?.['uri']);
  return uri === undefined ? undefined : parseAtUri(uri);
};

export const readCreatedAt = (record: JsonObject): number | undefined => {
  const text = asText(record['createdAt']);
  return text === undefined ? undefined : parseDatetimeMs(text);
};

/** Self-labels: `{values: [{val}]}`. */
export const readLabels = (record: JsonObject): string[] => {
  if (record['labels'] === undefined) return [];
  return asTexts(asList(asObject(record['labels'])?.['values']).map((label) => asObject(label)?.['val']));
};

interface Facets {
  readonly mentions: string[];
  readonly links: string[];
  readonly tags: string[];
}

const addFeature = (facets: Facets, feature: JsonObject): void => {
  switch (feature['$type']) {
    case 'app.bsky.richtext.facet#mention': {
      const did = asText(feature['did']);
      if (did !== undefined && isDid(did)) facets.mentions.push(did);
      return;
    }
    case 'app.bsky.richtext.facet#link': {
      const uri = asText(feature['uri']);
      if (uri !== undefined) facets.links.push(uri);
      return;
    }
    case 'app.bsky.richtext.facet#tag': {
      const tag = asText(feature['tag']);
      if (tag !== undefined) facets.tags.push(tag);
      return;
    }
    default:
  }
};

const readFacets = (record: JsonObject): Facets => {
  const facets: Facets = { mentions: [], links: [], tags: [] };
  for (const facet of asList(record['facets'])) {
    for (const feature of asList(asObject(facet)?.['features'])) {
      const read = asObject(feature);
      if (read !== undefined) addFeature(facets, read);
    }
  }
  // Tags outside the text stand beside the facets.
  facets.tags.push(...asTexts(record['tags']));
  return facets;
};

interface Embed {
  readonly kind: string;
  readonly quote: AtUri | undefined;
  readonly links: readonly string[];
  readonly altTexts: readonly string[];
}

const noEmbed: Embed = { kind: '', quote: undefined, links: [], altTexts: [] };

const nonEmpty = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : [text]);

/** What an embed shows besides a record. Each kind has its own fields; those of another kind do not count. */
const readMedia = (media: JsonObject | undefined): Embed => {
  switch (media?.['$type']) {
    case 'app.bsky.embed.images':
      return {
        ...noEmbed,
        kind: 'images',
        altTexts: asList(media['images']).flatMap((image) => nonEmpty(asText(asObject(image)?.['alt']))),
      };
    case 'app.bsky.embed.video':
      return { ...noEmbed, kind: 'video', altTexts: nonEmpty(asText(media['alt'])) };
    case 'app.bsky.embed.external':
      return { ...noEmbed, kind: 'external', links: nonEmpty(asText(asObject(media['external'])?.['uri'])) };
    default:
      return media === undefined ? noEmbed : { ...noEmbed, kind: 'other' };
  }
};

const readEmbed = (record: JsonObject): Embed => {
  const embed = asObject(record['embed']);
  switch (embed?.['$type']) {
    case 'app.bsky.embed.record':
      return { ...noEmbed, kind: 'record', quote: readRef(embed['record']) };
    case 'app.bsky.embed.recordWithMedia':
      return {
        ...readMedia(asObject(embed['media'])),
        kind: 'recordWithMedia',
        quote: readRef(asObject(embed['record'])?.['record']),
      };
    default:
      return readMedia(embed);
  }
};

const edge = (kind: 'reply' | 'quote', record: AtUri): EdgeRow => ({
  table: 'edges',
  kind,
  subjectDid: record.did,
  record,
});

/** app.bsky.feed.post: the post itself, an edge to what it replies to and one to what it quotes. */
export const post: RecordModule = {
  collection: collections.post,
  name: 'post',
  hasEdges: true,
  table: 'posts',
  parse: (record) => {
    const text = asText(record['text']);
    if (text === undefined) return drop('bad_record');
    const reply = asObject(record['reply']);
    const facets = readFacets(record);
    const embed = readEmbed(record);
    const row: PostRow = {
      table: 'posts',
      createdAtMs: readCreatedAt(record),
      text,
      langs: asTexts(record['langs']),
      replyParent: readRef(reply?.['parent']),
      replyRoot: readRef(reply?.['root']),
      quote: embed.quote,
      mentions: facets.mentions,
      tags: facets.tags,
      links: [...facets.links, ...embed.links],
      embedKind: embed.kind,
      altTexts: embed.altTexts,
      labels: readLabels(record),
    };
    const rows: (PostRow | EdgeRow)[] = [row];
    if (row.replyParent !== undefined) rows.push(edge('reply', row.replyParent));
    if (row.quote !== undefined) rows.push(edge('quote', row.quote));
    return ok(...rows);
  },
};

import { isDid, ownerOfUri, readTimeUs } from './syntax.ts';

/** Any JSON object. */
export type Json = Readonly<Record<string, unknown>>;

/** A post as a reader of the index must find it. Lists keep the record's order and repetitions. */
export interface OraclePost {
  text: string;
  langs: string[];
  /** At-uris; null where the record has none or an unreadable one. */
  replyParent: string | null;
  replyRoot: string | null;
  quote: string | null;
  /** Milliseconds since 1970; null where the record's own time is missing or unreadable. */
  createdAtMs: number | null;
  /** `images`, `video`, `external`, `record`, `recordWithMedia`, `other`, or empty without an embed. */
  embedKind: string;
  /** Of the facets, then those beside the text. */
  tags: string[];
  /** Of the facets, then of an external embed. */
  links: string[];
  /** DIDs. */
  mentions: string[];
  /** Without the empty ones. */
  altTexts: string[];
  labels: string[];
}

export interface OracleProfile {
  displayName: string;
  description: string;
}

export interface OracleList {
  name: string;
  purpose: string;
  description: string;
}

export interface OracleListItem {
  list: string;
  subject: string;
}

export interface OracleGenerator {
  serviceDid: string;
  displayName: string;
  description: string;
}

/** What one live record says. */
export type Content =
  | { kind: 'post'; post: OraclePost }
  | { kind: 'like' | 'repost'; subject: string }
  | { kind: 'follow' | 'block'; subject: string }
  /** The record's own time, in microseconds since 1970, stands beside what a reader of the index is shown. */
  | { kind: 'profile'; profile: OracleProfile; createdAtUs: number | null }
  | { kind: 'list'; list: OracleList }
  | { kind: 'listitem'; item: OracleListItem }
  | { kind: 'generator'; generator: OracleGenerator };

/** A JSON object, or nothing: lists and null are not. */
export const objectOf = (value: unknown): Json | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** A text as any store gives it back: halves of broken surrogate pairs cannot be written as UTF-8. */
const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value.toWellFormed() : undefined);

const textsOf = (value: unknown): string[] =>
  listOf(value)
    .map(textOf)
    .filter((text) => text !== undefined);

const uriIn = (reference: unknown): string | undefined => {
  const uri = objectOf(reference)?.['uri'];
  return ownerOfUri(uri) === undefined ? undefined : (uri as string);
};

const readMedia = (media: Json | undefined): { links: string[]; altTexts: string[] } => {
  const links: string[] = [];
  const altTexts: string[] = [];
  if (media?.['$type'] === 'app.bsky.embed.external') links.push(textOf(objectOf(media['external'])?.['uri']) ?? '');
  if (media?.['$type'] === 'app.bsky.embed.video') altTexts.push(textOf(media['alt']) ?? '');
  if (media?.['$type'] === 'app.bsky.embed.images') {
    for (const image of listOf(media['images'])) altTexts.push(textOf(objectOf(image)?.['alt']) ?? '');
  }
  return { links: links.filter((link) => link !== ''), altTexts: altTexts.filter((alt) => alt !== '') };
};

const knownEmbeds = ['images', 'video', 'external', 'record', 'recordWithMedia'];

const readEmbed = (value: unknown): Pick<OraclePost, 'embedKind' | 'quote' | 'links' | 'altTexts'> => {
  const embed = objectOf(value);
  if (embed === undefined) return { embedKind: '', quote: null, links: [], altTexts: [] };
  const known = knownEmbeds.find((kind) => embed['$type'] === `app.bsky.embed.${kind}`);
  let quote: string | undefined;
  if (known === 'record') quote = uriIn(embed['record']);
  if (known === 'recordWithMedia') quote = uriIn(objectOf(embed['record'])?.['record']);
  const media = readMedia(known === 'recordWithMedia' ? objectOf(embed['media']) : embed);
  return { embedKind: known ?? 'other', quote: quote ?? null, ...media };
};

const readPost = (record: Json): OraclePost | undefined => {
  const text = textOf(record['text']);
  if (text === undefined) return undefined;
  const features = listOf(record['facets'])
    .flatMap((facet) => listOf(objectOf(facet)?.['features']))
    .map((feature) => objectOf(feature) ?? {});
  const ofType = (name: string, field: string): string[] =>
    textsOf(
      features
        .filter((feature) => feature['$type'] === `app.bsky.richtext.facet#${name}`)
        .map((feature) => feature[field]),
    );
  const embed = readEmbed(record['embed']);
  const createdUs = readTimeUs(record['createdAt']);
  const reply = objectOf(record['reply']);
  return {
    text,
    langs: textsOf(record['langs']),
    replyParent: uriIn(reply?.['parent']) ?? null,
    replyRoot: uriIn(reply?.['root']) ?? null,
    quote: embed.quote,
    createdAtMs: createdUs === undefined ? null : Math.floor(createdUs / 1000),
    embedKind: embed.embedKind,
    tags: [...ofType('tag', 'tag'), ...textsOf(record['tags'])],
    links: [...ofType('link', 'uri'), ...embed.links],
    mentions: ofType('mention', 'did').filter((did) => isDid(did)),
    altTexts: embed.altTexts,
    labels: textsOf(listOf(objectOf(record['labels'])?.['values']).map((label) => objectOf(label)?.['val'])),
  };
};

const readList = (record: Json): OracleList | undefined => {
  const name = textOf(record['name']);
  const purpose = textOf(record['purpose']);
  if (name === undefined || purpose === undefined) return undefined;
  return { name, purpose, description: textOf(record['description']) ?? '' };
};

const readItem = (record: Json): OracleListItem | undefined => {
  const { list, subject } = record;
  if (ownerOfUri(list) === undefined || !isDid(subject)) return undefined;
  return { list: list as string, subject };
};

const readGenerator = (record: Json): OracleGenerator | undefined => {
  const serviceDid = record['did'];
  const displayName = textOf(record['displayName']);
  if (!isDid(serviceDid) || displayName === undefined) return undefined;
  return { serviceDid, displayName, description: textOf(record['description']) ?? '' };
};

const toAccount = (kind: 'follow' | 'block', record: Json): Content | undefined => {
  const subject = record['subject'];
  return isDid(subject) ? { kind, subject } : undefined;
};

const toRecord = (kind: 'like' | 'repost', record: Json): Content | undefined => {
  const subject = uriIn(record['subject']);
  return subject === undefined ? undefined : { kind, subject };
};

/** The collections the index takes, and the kind of what stands in them. */
export const kindByCollection: ReadonlyMap<string, Content['kind']> = new Map([
  ['app.bsky.feed.post', 'post'],
  ['app.bsky.feed.like', 'like'],
  ['app.bsky.feed.repost', 'repost'],
  ['app.bsky.feed.generator', 'generator'],
  ['app.bsky.graph.follow', 'follow'],
  ['app.bsky.graph.block', 'block'],
  ['app.bsky.graph.list', 'list'],
  ['app.bsky.graph.listitem', 'listitem'],
  ['app.bsky.actor.profile', 'profile'],
]);

/** Reads a record of a wanted collection; undefined where a field that its kind cannot do without is wrong. */
export const readContent = (kind: Content['kind'], record: Json): Content | undefined => {
  switch (kind) {
    case 'post': {
      const post = readPost(record);
      return post && { kind, post };
    }
    case 'like':
    case 'repost':
      return toRecord(kind, record);
    case 'follow':
    case 'block':
      return toAccount(kind, record);
    case 'profile': {
      const displayName = textOf(record['displayName']) ?? '';
      const description = textOf(record['description']) ?? '';
      return { kind, profile: { displayName, description }, createdAtUs: readTimeUs(record['createdAt']) ?? null };
    }
    case 'list': {
      const list = readList(record);
      return list && { kind, list };
    }
    case 'listitem': {
      const item = readItem(record);
      return item && { kind, item };
    }
    case 'generator': {
      const generator = readGenerator(record);
      return generator && { kind, generator };
    }
  }
};

/** DIDs that a record points at. */
export const didsNamed = (content: Content): string[] => {
  const owners = (...uris: (string | null)[]): string[] => uris.flatMap((uri) => ownerOfUri(uri) ?? []);
  if (content.kind === 'post') return owners(content.post.replyParent, content.post.replyRoot, content.post.quote);
  if (content.kind === 'like' || content.kind === 'repost') return owners(content.subject);
  if (content.kind === 'follow' || content.kind === 'block') return [content.subject];
  if (content.kind === 'listitem') return [content.item.subject, ...owners(content.item.list)];
  return [];
};

/** What one account can do with another's post. */
export type Reaction = 'like' | 'repost' | 'reply' | 'quote';

/** What a record reacts to, as the reaction and the uri of its subject. */
export const reactionsIn = (content: Content): [Reaction, string][] => {
  if (content.kind === 'like' || content.kind === 'repost') return [[content.kind, content.subject]];
  if (content.kind !== 'post') return [];
  const { replyParent, quote } = content.post;
  const found: [Reaction, string][] = [];
  if (replyParent !== null) found.push(['reply', replyParent]);
  if (quote !== null) found.push(['quote', quote]);
  return found;
};

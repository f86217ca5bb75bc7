/** What a client may say about a post, in the words of app.bsky.feed.defs#interaction without the lexicon's name in front. */
export const INTERACTION_EVENTS = [
  'requestLess',
  'requestMore',
  'clickthroughItem',
  'clickthroughAuthor',
  'clickthroughReposter',
  'clickthroughEmbed',
  'interactionSeen',
  'interactionLike',
  'interactionRepost',
  'interactionReply',
  'interactionQuote',
  'interactionShare',
] as const;
export type InteractionEvent = (typeof INTERACTION_EVENTS)[number];

/** Those that change what an account is shown. A click may mean anything, so it changes nothing. */
export const TASTE_EVENTS = [
  'requestLess',
  'requestMore',
  'interactionSeen',
  'interactionLike',
  'interactionRepost',
  'interactionReply',
  'interactionQuote',
  'interactionShare',
] as const satisfies readonly InteractionEvent[];
export type TasteEvent = (typeof TASTE_EVENTS)[number];

const prefix = 'app.bsky.feed.defs#';
const known: ReadonlySet<string> = new Set(INTERACTION_EVENTS);
const ofTaste: ReadonlySet<string> = new Set(TASTE_EVENTS);

/** The event of its full name (`app.bsky.feed.defs#requestLess`) or its bare one; undefined for any other text. */
export const parseEvent = (text: string): InteractionEvent | undefined => {
  const name = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  return known.has(name) ? (name as InteractionEvent) : undefined;
};

/** Whether an event changes what the account is shown. */
export const isTasteEvent = (event: InteractionEvent): event is TasteEvent => ofTaste.has(event);

import type { Json, JsonObject } from './go-json.ts';
import { type Random, weightedPicker } from './random.ts';
import { EMOJI, LANGUAGES, LINK_HOSTS, TAGS } from './vocabulary.ts';

/** What an author typed: at most 300 graphemes, with facets whose offsets count UTF-8 bytes. */
export interface PostText {
  text: string;
  /** Language tags, or undefined where the client sends none. */
  langs: string[] | undefined;
  facets: JsonObject[];
}

/** Someone who can be mentioned in a text. */
export interface Mentionable {
  did: string;
  handle: string;
}

const LANGS_MISSING = 0.04;
const LANGS_SECOND = 0.03;
const EMPTY_TEXT = 0.02;
const FULL_LENGTH = 0.004;
const MAX_GRAPHEMES = 300;

/** A text that uses exactly the 300 graphemes and stays under the 3,000 bytes that a post may have. */
const fullLengthText = (random: Random): string => {
  let text = '';
  for (let count = 0; count < MAX_GRAPHEMES; count += 1) {
    text += random.chance(0.3) ? random.pick(['👍🏽', '🇧🇷', 'é', 'ñ', '字']) : random.pick(['a', 'e', 'n', 'r', 't']);
  }
  return text;
};

/** Grows a text piece by piece and keeps the byte offset at which the next piece begins. */
class TextBuilder {
  text = '';
  readonly facets: JsonObject[] = [];
  #bytes = 0;

  add(piece: string): void {
    this.text += piece;
    this.#bytes += Buffer.byteLength(piece);
  }

  addFeature(piece: string, feature: JsonObject): void {
    const byteStart = this.#bytes;
    this.add(piece);
    this.facets.push({ features: [feature], index: { byteEnd: this.#bytes, byteStart } });
  }
}

/** A web address whose query holds an ampersand now and then, as real ones do. */
export const makeLink = (random: Random): string =>
  `https://${random.pick(LINK_HOSTS)}/${random.bits().toString(36)}${random.chance(0.3) ? `?id=${random.below(9999)}&ref=sky` : ''}`;

const addFacets = (builder: TextBuilder, random: Random, mentioned: () => Mentionable | undefined): void => {
  const choice = random.float();
  if (choice < 0.09) {
    const link = makeLink(random);
    builder.add(' ');
    builder.addFeature(`${link.slice(8, 32)}...`, { $type: 'app.bsky.richtext.facet#link', uri: link });
  } else if (choice < 0.16) {
    for (let count = random.between(1, 4); count > 0; count -= 1) {
      const tag = random.pick(TAGS);
      builder.add(' ');
      builder.addFeature(`#${tag}`, { $type: 'app.bsky.richtext.facet#tag', tag });
    }
  } else if (choice < 0.2) {
    const account = mentioned();
    if (account === undefined) return;
    builder.add(' ');
    builder.addFeature(`@${account.handle}`, { $type: 'app.bsky.richtext.facet#mention', did: account.did });
  }
};

/** Makes a writer of post texts; `mentioned` names an account to mention, or nobody. */
export const createPostWriter = (random: Random, mentioned: () => Mentionable | undefined): (() => PostText) => {
  const language = weightedPicker(
    LANGUAGES.map((each) => each.weight),
    random,
  );
  return () => {
    const chosen = LANGUAGES[language()];
    if (chosen === undefined) throw new RangeError('no such language');
    let langs: string[] | undefined = [chosen.tag];
    if (random.chance(LANGS_MISSING)) langs = undefined;
    else if (random.chance(LANGS_SECOND)) langs = [chosen.tag, chosen.tag === 'en' ? 'en-GB' : 'en'];
    if (random.chance(EMPTY_TEXT)) return { text: '', langs, facets: [] };
    if (random.chance(FULL_LENGTH)) return { text: fullLengthText(random), langs, facets: [] };
    const builder = new TextBuilder();
    for (let count = random.between(1, random.chance(0.25) ? 28 : 11); count > 0; count -= 1) {
      builder.add(random.pick(chosen.words) + (count > 1 ? chosen.gap : ''));
    }
    if (random.chance(0.12)) builder.add(` ${random.pick(EMOJI)}`);
    if (random.chance(0.06)) builder.add('\n\n"…" \\o/ \u2028');
    addFacets(builder, random, mentioned);
    return { text: builder.text, langs, facets: builder.facets };
  };
};

/** Facets as a record holds them, or undefined where there are none. */
export const facetsOf = (written: PostText): Json | undefined =>
  written.facets.length > 0 ? written.facets : undefined;

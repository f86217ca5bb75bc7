import type { FactPost } from '#testing/lenses/facts.ts';
import { type Asked, type ExpectedPost, hourMs, postsSince, reactionsOf } from './model.ts';

/** Letters that are written without spaces between words. */
const unspaced =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;

const hasWord = (text: string, word: string): boolean => {
  const [inText, wanted] = [text.toLowerCase(), word.toLowerCase()];
  for (let at = inText.indexOf(wanted); at >= 0; at = inText.indexOf(wanted, at + 1)) {
    const isApart =
      !/[\p{L}\p{N}_]$/u.test(inText.slice(0, at)) && !/^[\p{L}\p{N}_]/u.test(inText.slice(at + wanted.length));
    if (isApart || unspaced.test(word)) return true;
  }
  return false;
};

/** What a keyword feed looks for. */
export interface Wanted {
  readonly words: readonly string[];
  readonly hashtags: readonly string[];
  readonly pattern: RegExp | undefined;
}

const has = ({ post }: FactPost, { words, hashtags, pattern }: Wanted): boolean => {
  const text = [post.text, ...post.altTexts].join('\n');
  const tags = new Set(post.tags.map((tag) => tag.toLowerCase()));
  return (
    words.some((word) => hasWord(text, word)) ||
    hashtags.some((tag) => tags.has(tag.replace('#', '').toLowerCase())) ||
    pattern?.test(text) === true
  );
};

/** What `templates/keyword` must show. */
export const keyword = (
  asked: Asked,
  settings: {
    readonly include: Wanted;
    readonly exclude: Wanted;
    readonly windowHours: number;
    readonly replies: boolean;
  },
): ExpectedPost[] =>
  postsSince(asked, asked.nowMs - settings.windowHours * hourMs)
    .filter((post) => settings.replies || post.post.replyParent === null)
    .filter((post) => has(post, settings.include) && !has(post, settings.exclude))
    .map(({ uri, sortMs }) => ({ uri, score: sortMs, parts: {} }));

const isIn = ({ post }: FactPost, langs: readonly string[]): boolean =>
  post.langs.some((lang) => langs.includes(lang.split('-')[0]?.toLowerCase() ?? ''));

/** What `templates/language` must show. */
export const language = (
  asked: Asked,
  settings: {
    readonly langs: readonly string[];
    readonly mode: string;
    readonly windowHours: number;
    readonly minLikes: number;
  },
): ExpectedPost[] => {
  const fromMs = asked.nowMs - settings.windowHours * hourMs;
  const posts = postsSince(asked, fromMs).filter(
    (post) => post.post.replyParent === null && isIn(post, settings.langs),
  );
  if (settings.mode === 'latest') return posts.map(({ uri, sortMs }) => ({ uri, score: sortMs, parts: {} }));
  return posts.flatMap((post) => {
    const liking = reactionsOf(asked, post, { fromMs, toMs: asked.nowMs }).filter(({ kind }) => kind === 'like');
    const likes = new Set(liking.map(({ actor }) => actor)).size;
    const age = (asked.nowMs - post.sortMs) / hourMs;
    return likes < settings.minLikes
      ? []
      : [{ uri: post.uri, score: (likes - 1) / (age + 2) ** 1.8, parts: { likes } }];
  });
};

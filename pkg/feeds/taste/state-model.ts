import type { Signal } from './state.ts';

/**
 * What a taste should be, told a second time and as simply as can be: from the whole list of what was said, oldest first, with
 * factors instead of logarithms and without any limits on how much is kept. For tests.
 */
export interface ModelTaste {
  readonly less: ReadonlySet<string>;
  readonly seen: ReadonlySet<string>;
  readonly authors: ReadonlyMap<bigint, number>;
  readonly tags: ReadonlyMap<string, number>;
}

const day = 86_400_000;

/** Its factor after each thing that was said; `fade` brings it to a moment. */
class ModelFactor {
  value = 1;
  atMs = 0;

  fade(nowMs: number): number {
    this.value **= 0.5 ** ((nowMs - this.atMs) / (30 * day));
    this.atMs = nowMs;
    return this.value;
  }

  up(nowMs: number, by: number, cap: number): void {
    const now = this.fade(nowMs);
    if (now < cap) this.value = Math.min(cap, now * by);
  }

  down(nowMs: number, by: number, floor: number): void {
    const now = this.fade(nowMs);
    if (now > floor) this.value = Math.max(floor, now * by);
  }
}

class ModelAuthor extends ModelFactor {
  lesses: number[] = [];
  mutedUntil = 0;
}

const get = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
};

/** The taste of who said all this, at a moment after it. */
export const modelTaste = (signals: readonly Signal[], nowMs: number): ModelTaste => {
  const less = new Set<string>();
  const seen = new Set<string>();
  const said = new Set<string>();
  const authors = new Map<bigint, ModelAuthor>();
  const tags = new Map<string, ModelFactor>();
  for (const { event, post, tags: own, atMs } of signals) {
    const key = `${post.actorId}:${post.tid}`;
    if (event === 'interactionSeen') {
      seen.add(key);
      continue;
    }
    const isRepeat = event === 'requestLess' ? less.has(key) : said.has(`${event} ${key}`);
    if (isRepeat) continue;
    const author = get(authors, post.actorId, () => new ModelAuthor());
    const ofTags = [...new Set(own)].map((tag) => get(tags, tag, () => new ModelFactor()));
    author.lesses = author.lesses.filter((lessMs) => atMs - lessMs < 30 * day);
    if (event === 'requestLess') {
      less.add(key);
      said.delete(`requestMore ${key}`);
      author.down(atMs, 1 / 2, 1 / 16);
      for (const tag of ofTags) tag.down(atMs, 0.6, 1 / 20);
      author.lesses.push(atMs);
      if (author.lesses.length >= 3) author.mutedUntil = atMs + 30 * day;
      author.lesses = author.lesses.slice(-3);
    } else if (event === 'requestMore') {
      less.delete(key);
      said.add(`requestMore ${key}`);
      if (author.lesses.pop() !== undefined) author.up(atMs, 2, 4);
      author.up(atMs, 1.5, 4);
      author.mutedUntil = 0;
      for (const tag of ofTags) tag.up(atMs, 1.3, 3);
    } else {
      said.add(`${event} ${key}`);
      author.up(atMs, 1.1, 2);
      for (const tag of ofTags) tag.up(atMs, 1.05, 2);
    }
  }
  const factors = <K>(map: Map<K, ModelFactor>) => new Map([...map].map(([key, factor]) => [key, factor.fade(nowMs)]));
  const ofAuthors = factors<bigint>(authors);
  for (const [id, { mutedUntil }] of authors) if (mutedUntil > nowMs) ofAuthors.set(id, 0);
  return { less, seen, authors: ofAuthors, tags: factors(tags) };
};

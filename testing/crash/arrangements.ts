import { createRandom, type Random } from '#testing/simulator/random.ts';

/** Frames as several processes would get to see them, one list each: later ones are later lives of the indexer. */
export type Lives = readonly (readonly string[])[];

/** A way in which a stream may arrive. Every frame arrives at least once. */
export type Arrangement = (texts: readonly string[], random: Random) => Lives;

const shuffle = (texts: readonly string[], random: Random): string[] => {
  const mixed = [...texts];
  for (let at = mixed.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [mixed[at], mixed[other]] = [mixed[other] as string, mixed[at] as string];
  }
  return mixed;
};

const cut = (texts: readonly string[], random: Random): Lives => {
  const at = random.below(texts.length);
  return [texts.slice(0, at), texts.slice(at)];
};

const isDelete = (text: string): boolean => text.includes('"operation":"delete"');

/** Named ways of arrival; a failing test names the one and the seed. */
export const arrangements: Readonly<Record<string, Arrangement>> = {
  inOrder: (texts) => [texts],
  restarted: cut,
  doubled: (texts) => [texts.flatMap((text) => [text, text])],
  repeatedLater: (texts, random) => {
    const late = [...texts];
    for (const text of texts) if (random.chance(0.3)) late.splice(random.below(late.length + 1), 0, text);
    return [late];
  },
  shuffled: (texts, random) => [shuffle(texts, random)],
  shuffledAndRestarted: (texts, random) => cut(shuffle(texts, random), random),
  backwards: (texts) => [texts.toReversed()],
  /** As after crashes: each life starts somewhere before where the last one stopped. */
  replayed: (texts, random) => {
    const lives: string[][] = [];
    let reached = 0;
    while (reached < texts.length) {
      const from = random.below(reached + 1);
      const to = Math.min(texts.length, reached + 1 + random.below(texts.length));
      lives.push(texts.slice(from, to));
      reached = to;
    }
    return lives;
  },
  deletesFirst: (texts) => [[...texts.filter(isDelete), ...texts.filter((text) => !isDelete(text))]],
  deletesInALifeBefore: (texts) => [texts.filter(isDelete), texts.filter((text) => !isDelete(text))],
};

/** A random source for one case. */
export const randomOf = (seed: number): Random => createRandom(seed);

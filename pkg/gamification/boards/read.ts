import type { AskRedis } from './ask-redis.ts';
import { type Board, keyOf, type Placed } from './board.ts';
import { PLACE, TOP } from './scripts.ts';

export interface BoardReader {
  /** A stretch, best first, and how many stand on the whole board. Equal XP: the higher user id first, as Redis sorts them. */
  top(board: Board, page: { readonly limit: number; readonly offset: number }): Promise<Stretch>;
  /** Undefined for who does not stand there. */
  place(board: Board, userId: string): Promise<Placed | undefined>;
  /** Those of some users who stand there, best first, with their ranks among themselves. */
  among(board: Board, userIds: readonly string[]): Promise<readonly Placed[]>;
}

export interface Stretch {
  readonly entries: readonly Placed[];
  readonly total: number;
}

const SCORES_AT_ONCE = 1_000;

export const createBoardReader = (redis: AskRedis): BoardReader => ({
  top: async (board, { limit, offset }) => {
    if (limit <= 0) return { entries: [], total: await redis((client) => client.zcard(keyOf(board))) };
    const [total, above, rows] = (await redis((client) =>
      client.eval(TOP, 1, keyOf(board), offset, offset + limit - 1),
    )) as [number, number, string[]];
    const found = Array.from({ length: rows.length / 2 }, (_, at) => ({
      userId: rows[2 * at] ?? '',
      xp: Number(rows[2 * at + 1]),
    }));
    return { entries: ranked(found, { place: offset, rank: above + 1 }), total };
  },
  place: async (board, userId) => {
    const found = (await redis((client) => client.eval(PLACE, 1, keyOf(board), userId))) as [string, number] | null;
    return found === null ? undefined : { userId, xp: Number(found[0]), rank: found[1] + 1 };
  },
  among: async (board, userIds) => {
    const distinct = [...new Set(userIds)];
    const found: { userId: string; xp: number }[] = [];
    for (let at = 0; at < distinct.length; at += SCORES_AT_ONCE) {
      const some = distinct.slice(at, at + SCORES_AT_ONCE);
      const scores = await redis((client) => client.zmscore(keyOf(board), some));
      for (const [index, score] of scores.entries()) {
        const userId = some[index];
        if (score !== null && userId !== undefined) found.push({ userId, xp: Number(score) });
      }
    }
    found.sort((a, b) => b.xp - a.xp || Buffer.compare(Buffer.from(b.userId), Buffer.from(a.userId)));
    return ranked(found, { place: 0, rank: 1 });
  },
});

/** Gives ranks to those who follow each other, best first; `first`: how many stand before the first of them, and its rank. */
function ranked(
  sorted: readonly { readonly userId: string; readonly xp: number }[],
  first: { readonly place: number; readonly rank: number },
): readonly Placed[] {
  let rank = first.rank;
  return sorted.map(({ userId, xp }, index) => {
    const before = sorted[index - 1];
    if (before !== undefined && before.xp !== xp) rank = first.place + index + 1;
    return { userId, xp, rank };
  });
}

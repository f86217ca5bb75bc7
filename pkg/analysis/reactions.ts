/** What a row of a board's statement says that a post or several got. */
export const reactionsOf = (row: Readonly<Record<string, unknown>>) => ({
  likes: Number(row['likes']),
  replies: Number(row['replies']),
  reposts: Number(row['reposts']),
  quotes: Number(row['quotes']),
  skypoints: Number(row['skypoints']),
});

/** Texts in the order of their code units: what DIDs and uris tie by. */
export const byText = (one: string, other: string): number => (one < other ? -1 : Number(one > other));

/** An account of a board without the time of its newest post, which only ordered it. */
export const withoutNewest = <T extends { newestMs: number }>(account: T): Omit<T, 'newestMs'> => {
  const { newestMs, ...rest } = account;
  void newestMs;
  return rest;
};

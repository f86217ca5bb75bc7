import type { Feed } from '../feed.ts';

/** Why the public form that a feed names cannot be one; undefined where it can. */
export const publicFormMistake = (feed: Feed, find: (rkey: string) => Feed | undefined): string | undefined => {
  if (feed.publicForm === undefined) return undefined;
  const target = find(feed.publicForm);
  if (target === undefined) return `feed.json: publicForm names ${feed.publicForm}, but there is no such feed.`;
  if (target.personal)
    return `feed.json: publicForm names ${feed.publicForm}, which needs to know who is looking itself.`;
  if (target.visibility === 'members')
    return `feed.json: publicForm names ${feed.publicForm}, which is for members only.`;
  return undefined;
};

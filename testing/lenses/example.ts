import { Story } from './story.ts';

/** The network of the worked example in docs/algorithms.md: five accounts, seen from `exampleNowMs`. */
export const exampleNowMs = Date.UTC(2026, 2, 10, 12);
/** When its first event was seen. */
export const exampleSinceMs = Date.UTC(2026, 0, 1, 12);

const march = (day: number, hour: number, minute = 0): number => Date.UTC(2026, 2, day, hour, minute);

/** DIDs by the example's short names. */
export const exampleDid = (name: string): string => `did:plc:${name}`;

/** Its accounts. */
export const exampleNames = ['ann', 'bob', 'cat', 'dan', 'eve'] as const;

/** The posts' uris by the names that the document gives them, and all frames. */
export const tellExample = (): { uris: Readonly<Record<string, string>>; frames: string[] } => {
  const story = new Story();
  const [ann, bob, cat, dan, eve] = exampleNames.map(exampleDid) as [string, string, string, string, string];
  for (const name of exampleNames) story.identity(exampleDid(name), exampleSinceMs, `${name}.example.org`);
  story.profile(bob, exampleSinceMs, '2024-03-10T12:00:00.000Z');
  for (const whom of [bob, cat, dan]) story.follow(ann, whom, { atMs: Date.UTC(2026, 0, 2) });
  for (const who of [bob, cat, eve]) story.follow(who, ann, { atMs: Date.UTC(2026, 0, 2) });
  story.follow(dan, ann, { atMs: march(10, 7) });
  const post = (who: string, atMs: number, fields = {}): string => story.post(who, { atMs }, fields);
  const a0 = post(ann, march(8, 18));
  const b0 = post(bob, march(8, 20));
  const a1 = post(ann, march(9, 14));
  const a2 = post(ann, march(10, 6, 10));
  const a3 = post(ann, march(10, 6, 40));
  const b1 = post(bob, march(10, 8, 3));
  const b2 = post(bob, march(10, 8, 7));
  const c1 = post(cat, march(9, 20), { replyTo: a1 });
  const c2 = post(cat, march(10, 8, 5), { replyTo: a2 });
  const d1 = post(dan, march(10, 9), { quote: a2, mentions: [ann] });
  const like = (who: string, uri: string, atMs: number): string => story.like(who, uri, { atMs });
  like(bob, a0, march(8, 19));
  like(cat, a0, march(9, 15));
  like(ann, b0, march(8, 21));
  for (const who of [ann, cat, cat, dan]) like(who, b1, march(10, 10));
  story.repost(cat, b1, { atMs: march(10, 10) });
  like(bob, b2, march(10, 10));
  like(ann, c2, march(10, 10));
  like(ann, a1, march(10, 10));
  for (const who of [bob, dan]) like(who, a2, march(10, 10));
  story.repost(cat, a2, { atMs: march(10, 10) });
  like(eve, a3, march(10, 10));
  story.account(eve, march(10, 11), false);
  story.remove(like(dan, a3, march(10, 10)), march(10, 11));
  return { uris: { a0, b0, a1, a2, a3, b1, b2, c1, c2, d1 }, frames: story.frames() };
};

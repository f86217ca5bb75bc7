import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { FILTERS, type RankedPost, type Ranking } from '../feed.ts';

const pack = promisify<Buffer, { level: number }, Buffer>(gzip);
const unpack = promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip);

/** Far more than the largest ranking: a damaged value must not take the memory. */
const maxBytes = 33_554_432;

const id64 = z.string().regex(/^\d{1,20}$/);
const count = z.int().nonnegative();
const reason = z.union([z.literal('pin'), z.string().startsWith('at://'), z.null()]);
/** A post, without the names of its fields: the order is that of `packPost`. */
const post = z.tuple([
  id64,
  id64,
  z.string(),
  z.number(),
  z.array(z.string()),
  z.array(z.string()),
  reason,
  z.string().nullable(),
  z.record(z.string(), z.number()).nullable(),
  z.array(z.string()).nullable(),
]);
type PackedPost = z.infer<typeof post>;

const packed = z.object({
  version: z.literal(2),
  id: z.string(),
  rkey: z.string(),
  fingerprint: z.string(),
  viewer: id64.nullable(),
  at: count,
  report: z.object({ rows: count, kept: count, dropped: z.partialRecord(z.enum(FILTERS), count), tookMs: z.number() }),
  posts: z.array(post),
});

const packPost = (one: RankedPost): PackedPost => [
  String(one.actorId),
  String(one.tid),
  one.uri,
  one.score,
  [...one.langs],
  [...one.tags],
  one.reason === undefined ? null : one.reason.kind === 'pin' ? 'pin' : one.reason.uri,
  one.context ?? null,
  one.parts ?? null,
  one.labels === undefined ? null : [...one.labels],
];

const unpackPost = ([actorId, tid, uri, score, langs, tags, why, context, parts, labels]: PackedPost): RankedPost => ({
  actorId: BigInt(actorId),
  tid: BigInt(tid),
  uri,
  score,
  langs,
  tags,
  ...(why === null ? {} : { reason: why === 'pin' ? { kind: 'pin' } : { kind: 'repost', uri: why } }),
  ...(context === null ? {} : { context }),
  ...(parts === null ? {} : { parts }),
  ...(labels === null ? {} : { labels }),
});

/** A ranking as it lies in Redis: some 60 bytes a post. */
export const packRanking = (ranking: Ranking): Promise<Buffer> => {
  const value: z.infer<typeof packed> = {
    version: 2,
    id: ranking.id,
    rkey: ranking.rkey,
    fingerprint: ranking.fingerprint,
    viewer: ranking.viewerId === undefined ? null : String(ranking.viewerId),
    at: ranking.rankedAtMs,
    report: { ...ranking.report, dropped: { ...ranking.report.dropped } },
    posts: ranking.posts.map(packPost),
  };
  return pack(Buffer.from(JSON.stringify(value)), { level: constants.Z_BEST_SPEED });
};

/** The ranking; undefined where the bytes are none, or those of another version of Skyflow. */
export const unpackRanking = async (bytes: Buffer): Promise<Ranking | undefined> => {
  try {
    const value = packed.parse(JSON.parse((await unpack(bytes, { maxOutputLength: maxBytes })).toString('utf8')));
    const dropped = Object.fromEntries(FILTERS.map((filter) => [filter, value.report.dropped[filter] ?? 0]));
    return {
      id: value.id,
      rkey: value.rkey,
      fingerprint: value.fingerprint,
      viewerId: value.viewer === null ? undefined : BigInt(value.viewer),
      rankedAtMs: value.at,
      posts: value.posts.map(unpackPost),
      report: { ...value.report, dropped: dropped as Ranking['report']['dropped'] },
    };
  } catch {
    return undefined;
  }
};

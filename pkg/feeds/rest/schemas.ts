import { z } from '@hono/zod-openapi';
import { isRecordKey } from '#pkg/atproto/syntax.ts';
import { FILTERS } from '../feed.ts';

/** The bodies and questions of the REST API: what validates them also documents them. Unknown fields are refused. */

const iso = z.iso.datetime();
const count = z.int().nonnegative();

export const rkeyText = z
  .string()
  .max(512)
  .refine(isRecordKey, 'not the name of a feed')
  .openapi({ description: 'The name of a feed: the record key of its generator record.', example: 'whats-hot' });

export const rkeyParam = z.object({ rkey: rkeyText });

/** Whom a caller may name: a DID or a handle. No control characters, which no name has and Postgres would not take. */
const account = z
  .string()
  .min(1)
  .max(2_048)
  .regex(/^[\x21-\x7e]+$/, 'not a DID or handle');

export const feedBody = z
  .object({
    rkey: rkeyText,
    display_name: z.string(),
    description: z.string(),
    uris: z.array(z.string()).openapi({ description: 'At-uris of its generator records; none while unpublished.' }),
    avatar: z.url().nullable(),
    personal: z.boolean().openapi({ description: 'Another feed for each reader.' }),
    public_form: rkeyText.nullable().openapi({ description: 'What is shown to those whom we do not know instead.' }),
    languages: z.union([z.enum(['any', 'viewer']), z.array(z.string())]),
    syndication: z
      .object({ rss: z.url(), atom: z.url(), json: z.url() })
      .nullable()
      .openapi({ description: 'For readers without an account; null where they are shown nothing.' }),
    health: z
      .object({
        ranked_at: iso.nullable().openapi({ description: 'Null: never yet.' }),
        posts: count,
        stale: z.boolean().openapi({ description: 'Older than it should be; served all the same.' }),
      })
      .nullable()
      .openapi({ description: 'Null for a feed that is made for each reader.' }),
  })
  .openapi('Feed');

export const feedsBody = z.object({ feeds: z.array(feedBody) }).openapi('Feeds');

export const explainQuery = z.strictObject({
  uri: z.string().min(1).max(8_192).openapi({ example: 'at://did:plc:abc/app.bsky.feed.post/3l3qo2vutsw2b' }),
  viewer: account.optional().openapi({
    description: 'DID or handle: whose form of a personal feed is meant. Only with an API key.',
  }),
});

const checkBody = z.object({ name: z.string(), ok: z.boolean(), value: z.string(), needs: z.string() });

export const explanationBody = z
  .discriminatedUnion('in', [
    z.object({
      in: z.literal(true),
      rank: z.int().positive().openapi({ description: '1 is the first.' }),
      score: z.number(),
      parts: z.record(z.string(), z.number()).openapi({ description: 'What the score was made of.' }),
      reason: z
        .union([z.object({ kind: z.literal('pin') }), z.object({ kind: z.literal('repost'), uri: z.string() })])
        .nullable(),
      ranked_at: iso,
      sentence: z.string(),
    }),
    z.object({
      in: z.literal(false),
      filter: z.enum(FILTERS).nullable().openapi({ description: 'What keeps it out whatever the feed says.' }),
      checks: z.array(checkBody).openapi({ description: 'The feed’s own conditions.' }),
      ranked_at: iso.nullable(),
      sentence: z.string(),
    }),
  ])
  .openapi('Explanation');

export const MAX_MEMBERS_A_CALL = 10_000;

export const membersQuery = z.strictObject({
  rkey: rkeyText,
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: account.optional(),
});
export const putMembersQuery = z.strictObject({
  rkey: rkeyText,
  replace: z.enum(['true', 'false']).default('false').openapi({ description: 'true: these become the only members.' }),
});
export const deleteMembersQuery = z.strictObject({ rkey: rkeyText });

export const membersBody = z
  .strictObject({
    members: z
      .array(account)
      .max(MAX_MEMBERS_A_CALL)
      .openapi({ description: 'DIDs or handles, at most 500 of them handles.' }),
  })
  .openapi('Members');

export const memberPageBody = z
  .object({
    members: z.array(z.object({ did: z.string(), added_at: iso })),
    cursor: z.string().optional().openapi({ description: 'Absent on the last page.' }),
  })
  .openapi('MemberPage');

export const changedBody = z
  .object({ changed: count.openapi({ description: 'How many are different from before.' }) })
  .openapi('Changed');

const subject = z
  .string()
  .min(1)
  .max(8_192)
  .regex(/^[\x21-\x7e]+$/, 'not a DID, handle or at-uri');

export const bansQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: subject.optional(),
});
export const banBody = z
  .strictObject({
    subject: subject.openapi({ description: 'DID or handle of an account, or the at-uri of a post.' }),
    reason: z
      .string()
      .max(1_000)
      .refine((text) => !text.includes('\0'), 'has a NUL')
      .default('')
      .openapi({ description: 'For you; nobody else is shown it.' }),
  })
  .openapi('BanOrder');
export const unbanQuery = z.strictObject({ subject });

export const banPageBody = z
  .object({
    bans: z.array(z.object({ subject: z.string(), reason: z.string(), banned_at: iso })),
    cursor: z.string().optional().openapi({ description: 'Absent on the last page.' }),
  })
  .openapi('BanPage');

export const adminFeedsBody = z
  .object({
    feeds: z.array(
      z.object({
        rkey: rkeyText,
        display_name: z.string(),
        origin: z.enum(['skyflow', 'operator']),
        visibility: z.enum(['public', 'members']),
        personal: z.boolean(),
        members: count,
        publishers: z.array(z.string()),
        health: z
          .object({
            ranked_at: iso.nullable(),
            posts: count,
            stale: z.boolean(),
            failures: count.openapi({ description: 'Since it last succeeded.' }),
            error: z.string().nullable(),
          })
          .nullable(),
      }),
    ),
    problems: z.array(z.object({ folder: z.string(), mistakes: z.array(z.string()) })),
  })
  .openapi('AdminFeeds');

export const statsQuery = z.strictObject({ days: z.coerce.number().int().min(1).max(90).default(7) });

export const statsBody = z
  .object({
    rkey: rkeyText,
    days: z.array(
      z.object({
        day: z.iso.date(),
        requests: count,
        unsigned_requests: count.openapi({ description: 'Of nobody who was signed in.' }),
        first_pages: count,
        viewers: count.openapi({ description: 'Distinct, signed in, not known by name.' }),
        depth: z
          .object({ max: count, mean: z.number().nonnegative() })
          .openapi({ description: 'How far was read: the deepest of all, and the mean of each viewer’s deepest.' }),
        interactions: z.record(z.string(), count),
      }),
    ),
  })
  .openapi('FeedStats');

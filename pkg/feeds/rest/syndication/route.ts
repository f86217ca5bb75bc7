import type { OpenAPIHono } from '@hono/zod-openapi';
import { problem } from '#pkg/rest/problem.ts';
import type { FeedRestContext, FeedRestEnv } from '../context.ts';
import { syndicate } from '../described.ts';
import { limitAddress } from '../guards.ts';
import { isKnown, readFileName, Syndication } from './syndicate.ts';
import { CONTENT_TYPES } from './write.ts';

/** GET feeds/:rkey.rss, .atom and .json. */
export function addSyndicationRoute(app: OpenAPIHono<FeedRestEnv>, context: FeedRestContext): void {
  const syndication = new Syndication(context);
  app.openapi(syndicate, async (c) => {
    const limited = await limitAddress(c, context);
    if (limited !== undefined) return limited;
    const asked = readFileName(c.req.valid('param').file);
    const document = asked === undefined ? undefined : await syndication.find(asked.rkey, asked.format);
    if (asked === undefined || document === undefined) {
      return problem(c, 404, { error: 'NotFound', message: 'There is no such feed for readers without an account.' });
    }
    const headers = {
      etag: document.etag,
      'last-modified': new Date(document.sinceMs).toUTCString(),
      'cache-control': 'public, max-age=15',
    };
    const ifNoneMatch = c.req.header('if-none-match');
    const ifModifiedSince = c.req.header('if-modified-since');
    if (isKnown(document, { ifNoneMatch, ifModifiedSince })) return c.body(null, 304, headers);
    return c.body(document.text, 200, { ...headers, 'content-type': CONTENT_TYPES[asked.format] });
  });
}

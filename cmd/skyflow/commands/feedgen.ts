import { serveHttp } from '#pkg/runtime/http.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { feedsDetail } from '../feeds/ready.ts';
import { feedsApp } from '../one-port.ts';
import { publicNames } from '../public-names.ts';
import { createFeedPart } from '../services.ts';
import type { FeedHealth } from '#pkg/feeds/parts.ts';

/** `skyflow feedgen`: the feed generator, beside the other processes. */
export const feedgen = async (options: OptionsOf<'feedgen'>): Promise<void> => {
  let health: () => readonly FeedHealth[] = () => [];
  const needs = { migrated: ['clickhouse', 'postgres'], bus: false, detail: () => feedsDetail(health()) } as const;
  await runApart(options, needs, async (context) => {
    const names = publicNames(options, options.port);
    const jwks = { jwks: options.jwksUrl };
    const part = await createFeedPart({ ...options, ...names }, jwks, context);
    health = part.health;
    const { host, port } = options;
    const app = feedsApp(part);
    return [...part.services, serveHttp({ name: 'feedgen', host, port, app, portFlag: '--port' })];
  });
};

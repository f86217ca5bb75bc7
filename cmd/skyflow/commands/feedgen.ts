import { serveHttp } from '#pkg/runtime/http.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { feedsApp } from '../one-port.ts';
import { publicNames } from '../public-names.ts';
import { createFeedPart } from '../services.ts';

/** `skyflow feedgen`: the feed generator, beside the other processes. */
export const feedgen = async (options: OptionsOf<'feedgen'>): Promise<void> => {
  await runApart(options, { migrated: ['clickhouse', 'postgres'], bus: false }, async (context) => {
    const names = publicNames(options, options.port);
    const jwks = { jwks: options.jwksUrl };
    const part = await createFeedPart({ ...options, ...names }, jwks, context);
    const { host, port } = options;
    const app = feedsApp(part);
    return [...part.services, serveHttp({ name: 'feedgen', host, port, app, portFlag: '--port' })];
  });
};

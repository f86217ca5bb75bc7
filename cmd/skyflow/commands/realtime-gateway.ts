import { serveHttp } from '#pkg/runtime/http.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { createGatewayPart } from '../services.ts';

/** `skyflow realtime-gateway`: server-sent events, beside the other processes. */
export const realtimeGateway = (options: OptionsOf<'realtime-gateway'>): Promise<void> =>
  runApart(options, { migrated: [], bus: true }, async (context) => {
    const part = await createGatewayPart(
      { jwks: options.jwksUrl, withTiers: options.databaseUrl !== undefined },
      context,
    );
    const { host, port } = options;
    const app = part.app;
    return [...part.services, serveHttp({ name: 'realtime-gateway', host, port, app, portFlag: '--port' })];
  });

import { serveHttp } from '#pkg/runtime/http.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { runApart } from '../apart.ts';
import { publicNames } from '../public-names.ts';
import { createGamificationPart, createRelay } from '../services.ts';

/** `skyflow gamification`: XP, streaks, achievements and leaderboards, beside the other processes. */
export const gamification = async (options: OptionsOf<'gamification'>): Promise<void> => {
  await runApart(options, { migrated: ['clickhouse', 'postgres'], bus: true }, async (context) => {
    const { host, port } = options;
    const relay = await createRelay(context);
    const asked = { ...publicNames({ publicUrl: options.publicUrl }, port), trustedProxies: options.trustedProxies };
    const part = await createGamificationPart({ ...asked, relay }, { jwks: options.jwksUrl }, context);
    const web = serveHttp({ name: 'gamification', host, port, app: part.app, portFlag: '--port' });
    return [relay, ...part.services, web];
  });
};

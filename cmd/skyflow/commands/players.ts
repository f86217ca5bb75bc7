import { askPlayers } from '#pkg/admin/client.ts';
import type { PlayersRequestOf } from '#pkg/admin/players.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import type { Stores } from '../compose.ts';
import { progressText } from '../players/progress.ts';
import type { Screen } from '../screen.ts';
import { parseTier } from '../players/tier.ts';
import { rebuildText, tierText } from '../players/text.ts';
import { giveOrder } from '../order.ts';

/** `skyflow users tier` */
export const tier = async (options: OptionsOf<'users tier'>, account: string, wanted: string): Promise<void> => {
  const request: PlayersRequestOf<'set_tier'> = {
    action: 'set_tier',
    account,
    tier: parseTier(wanted),
    reason: options.reason ?? 'set by the operator',
  };
  const order = {
    word: 'working',
    ask: (path: string) => askPlayers(path, request),
    open: async (stores: Stores) => {
      const { createPlayersOperator } = await import('../players/operator.ts');
      const rebuild = () => Promise.reject(new Error('not asked for'));
      return createPlayersOperator({ postgres: await stores.postgres(), rebuild, clock: systemClock })(request);
    },
  };
  await giveOrder(options, order, tierText);
};

/** `skyflow xp rebuild` */
export const rebuild = async (options: OptionsOf<'xp rebuild'>): Promise<void> => {
  const order = {
    word: 'rebuilding',
    needs: 'redisUrl' as const,
    ask: (path: string) => askPlayers(path, { action: 'rebuild' }),
    open: async (stores: Stores, { live, log }: Screen) => {
      const { rebuildStores } = await import('#pkg/gamification/rebuild.ts');
      const postgres = await stores.postgres();
      const { redis } = await stores.redis();
      const startedMs = Date.now();
      const answer = await rebuildStores(
        { postgres, redis, clock: systemClock, log },
        { onProgress: (step) => live.update(progressText(step, startedMs)) },
      );
      return { ok: true as const, answer };
    },
  };
  await giveOrder(options, order, rebuildText);
};

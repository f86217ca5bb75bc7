import { askRouter } from '#pkg/admin/client.ts';
import type { RouterAction, RouterAnswer, RouterRequest, RouterRequestOf } from '#pkg/admin/router.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import type { Drawing } from '../feeds/drawing.ts';
import { giveOrder, type OrderOptions } from '../order.ts';

/** Asks about dead letters or the audit log, and prints the answer as one JSON object or as text. */
export const askAndPrint = <A extends RouterAction>(
  options: OrderOptions,
  request: RouterRequestOf<A>,
  text: (answer: RouterAnswer<A>, draw: Drawing) => string,
): Promise<RouterAnswer<A>> =>
  giveOrder<RouterAnswer<A>>(
    options,
    {
      word: request.action === 'replay' ? 'replaying' : 'looking',
      needs: publishes(request) ? 'natsUrl' : undefined,
      ask: (path) => askRouter(path, request),
      open: async (stores, { log }) => {
        // Loaded only here: a running Skyflow has all of it open already.
        const { createRouterOperator } = await import('./operator.ts');
        const { reconcileStreams } = await import('#pkg/bus/streams.ts');
        const bus = async () => {
          const open = await stores.bus();
          // A NATS that nothing has used yet has no stream to take the message.
          await reconcileStreams(open, log);
          return open;
        };
        return createRouterOperator({ postgres: await stores.postgres(), bus, clock: systemClock })<A>(request);
      },
    },
    text,
  );

const publishes = (request: RouterRequest): boolean => request.action === 'replay' && !request.dryRun;

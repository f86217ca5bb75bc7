import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { onPostgres, onRedis } from '#pkg/rest/away.ts';
import { problem } from '#pkg/rest/problem.ts';
import { toError } from '#pkg/runtime/errors.ts';
import { levelOf, xpAtLevel } from '../rules/levels.ts';
import type { GamificationRestContext, GamificationRestEnv } from './context.ts';
import * as described from './described.ts';
import { identify } from './guards.ts';
import { statsFigures } from './schemas.ts';

/** All that is cached, and so all that could be told to the wrong one: what everybody may know. */
type Figures = z.infer<typeof statsFigures>;

/** GET users/:did/stats. */
export function addStatsRoute(app: OpenAPIHono<GamificationRestEnv>, context: GamificationRestContext): void {
  app.openapi(described.userStats, async (c) => {
    const caller = await identify(c, context);
    if (caller instanceof Response) return caller;
    const { did } = c.req.valid('param');
    // Not from the cache: whoever hides or leaves is gone at once.
    const person = await context.people.find(did);
    if (person === undefined || (!person.shown && caller.userId !== did)) {
      return problem(c, 404, { error: 'NotFound', message: 'There is no such user.' });
    }
    const figures = await figuresOf(context, did, c.var.requestId);
    return c.json({ did, handle: person.handle, ...figures }, 200);
  });
}

async function figuresOf(context: GamificationRestContext, userId: string, requestId: string): Promise<Figures> {
  const { boards, events } = context;
  const cached = readFigures(await onRedis(boards.stats.read(userId)));
  if (cached !== undefined) return cached;
  const { figures, version } = await countFigures(context, userId);
  await boards.stats
    .write(userId, JSON.stringify(figures), version)
    .catch((error: unknown) => events.cacheFailed(toError(error), requestId));
  return figures;
}

async function countFigures(
  { ledger, boards }: GamificationRestContext,
  userId: string,
): Promise<{ readonly figures: Figures; readonly version: number }> {
  const player = await onPostgres(ledger.readPlayer(userId));
  const place = await onRedis(boards.place({ board: 'global' }, userId));
  const xpTotal = player?.xpTotal ?? 0;
  const figures = {
    xp_total: xpTotal,
    level: levelOf(xpTotal),
    xp_to_next_level: xpAtLevel(levelOf(xpTotal) + 1) - xpTotal,
    analyses: player?.analyses ?? 0,
    streak: { current: player?.streak.current ?? 0, longest: player?.streak.longest ?? 0 },
    achievements: player?.unlocked.size ?? 0,
    rank: place?.rank ?? null,
  };
  return { figures, version: player?.version ?? 0 };
}

/** What another version of this program wrote is as good as nothing. */
function readFigures(text: string | undefined): Figures | undefined {
  if (text === undefined) return undefined;
  try {
    return statsFigures.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

import type { OpenAPIHono, z } from '@hono/zod-openapi';
import { onRedis } from '#pkg/rest/away.ts';
import { problem, RETRY_SOON } from '#pkg/rest/problem.ts';
import { toError } from '#pkg/runtime/errors.ts';
import { levelOf } from '../rules/levels.ts';
import { createArchive } from './archive.ts';
import type { GamificationRestContext, GamificationRestEnv } from './context.ts';
import * as described from './described.ts';
import { identify, requireUser } from './guards.ts';
import type { Board, Placed } from './ports.ts';
import { type leaderboardBody, MAX_OFFSET } from './schemas.ts';
import { readWeek, type Week, weekAt } from './week.ts';

interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** A stretch of a leaderboard, and where the one who asks stands on it. */
interface Stretch {
  readonly entries: readonly Placed[];
  readonly total: number;
  readonly you: Placed | undefined;
}

/** GET leaderboards/global, weekly and following. */
export function addLeaderboardRoutes(app: OpenAPIHono<GamificationRestEnv>, context: GamificationRestContext): void {
  const { clock, network, boards, events } = context;
  const archive = createArchive(context.postgres);

  app.openapi(described.globalBoard, async (c) => {
    const caller = await identify(c, context);
    if (caller instanceof Response) return caller;
    const page = c.req.valid('query');
    const stretch = await live(context, { board: 'global' }, { page, viewer: caller.userId });
    return c.json(await bodyOf(context, stretch, { board: 'global', page, viewer: caller.userId }), 200);
  });

  app.openapi(described.weeklyBoard, async (c) => {
    const caller = await identify(c, context);
    if (caller instanceof Response) return caller;
    const { week: named, ...page } = c.req.valid('query');
    const current = weekAt(clock.nowMs());
    const week = named === undefined ? current : readWeek(named);
    if (week === undefined || week.fromMs > current.fromMs) {
      const message = week === undefined ? 'There is no such week: write 2026-W47.' : 'This week has not begun.';
      return problem(c, 400, { error: 'InvalidRequest', message });
    }
    const viewer = caller.userId;
    const isOver = week.monday !== current.monday;
    const archived = isOver ? await archive.read(week.name, { ...page, viewer }) : undefined;
    // Just after midnight the archive may be still to be written.
    const stretch = archived ?? (await live(context, { board: 'weekly', monday: week.monday }, { page, viewer }));
    const period = { week, final: archived !== undefined };
    return c.json(await bodyOf(context, stretch, { board: 'weekly', page, viewer, period }), 200);
  });

  app.use(described.followingBoard.path, requireUser(context));
  app.openapi(described.followingBoard, async (c) => {
    const { board: of, ...page } = c.req.valid('query');
    const { userId: viewer, requestId } = c.var;
    let followed: readonly string[];
    try {
      followed = await network.following(viewer);
    } catch (thrown) {
      events.indexFailed(toError(thrown), requestId);
      const message = 'Whom you follow cannot be looked up at the moment.';
      return problem(c, 503, { error: 'ServiceUnavailable', message }, RETRY_SOON);
    }
    const week = weekAt(clock.nowMs());
    const board: Board = of === 'global' ? { board: 'global' } : { board: 'weekly', monday: week.monday };
    const placed = await onRedis(boards.among(board, [...new Set([...followed, viewer])]));
    const stretch = {
      entries: placed.slice(page.offset, page.offset + page.limit),
      total: placed.length,
      you: placed.find(({ userId }) => userId === viewer),
    };
    const period = of === 'global' ? {} : { period: { week, final: false } };
    return c.json(await bodyOf(context, stretch, { board: 'following', page, viewer, ...period }), 200);
  });
}

/** From Redis, as it is at the moment. */
async function live(
  { boards }: GamificationRestContext,
  board: Board,
  { page, viewer }: { readonly page: Page; readonly viewer: string | undefined },
): Promise<Stretch> {
  const { limit, offset } = page;
  const [{ entries, total }, you] = await onRedis(
    Promise.all([boards.top(board, { limit, offset }), viewer === undefined ? undefined : boards.place(board, viewer)]),
  );
  return { entries, total, you };
}

interface Asked {
  readonly board: z.infer<typeof leaderboardBody>['board'];
  readonly page: Page;
  readonly viewer: string | undefined;
  readonly period?: { readonly week: Week; readonly final: boolean };
}

/** Names and levels of those on it. Who hid or left a moment ago, and stands in Redis or in the archive still, is left out. */
async function bodyOf(
  { people }: GamificationRestContext,
  { entries, total, you }: Stretch,
  { board, page, viewer, period }: Asked,
): Promise<z.infer<typeof leaderboardBody>> {
  const shown = await people.entrants(
    [...new Set([...entries, ...(you === undefined ? [] : [you])].map(({ userId }) => userId))],
    viewer,
  );
  const entry = ({ userId, rank, xp }: Placed) => {
    const entrant = shown.get(userId);
    if (entrant === undefined) return [];
    return [{ rank, user_id: userId, handle: entrant.handle, xp, level: levelOf(entrant.xpTotal) }];
  };
  const next = page.offset + page.limit;
  return {
    board,
    period:
      period === undefined
        ? null
        : {
            week: period.week.name,
            from: new Date(period.week.fromMs).toISOString(),
            to: new Date(period.week.toMs).toISOString(),
            final: period.final,
          },
    total,
    entries: entries.flatMap(entry),
    you: you === undefined ? null : (entry(you)[0] ?? null),
    ...(next < total && next <= MAX_OFFSET ? { next_offset: next } : {}),
  };
}

import type { OpenAPIHono } from '@hono/zod-openapi';
import { unauthenticated } from '#pkg/rest/answers.ts';
import { onPostgres, onRedis } from '#pkg/rest/away.ts';
import { problem } from '#pkg/rest/problem.ts';
import { dayOf, endOfDay } from '../rules/days.ts';
import type { GamificationRestContext, GamificationRestEnv } from './context.ts';
import { readCursor, writeCursor } from './cursor.ts';
import * as described from './described.ts';
import { requireUser } from './guards.ts';

/** GET me/streak and me/xp, GET and PUT me/leaderboard. */
export function addMyRoutes(app: OpenAPIHono<GamificationRestEnv>, context: GamificationRestContext): void {
  const { ledger, boards, people, clock, events } = context;
  for (const { path } of [described.myStreak, described.myXp, described.getVisibility]) {
    app.use(path, requireUser(context));
  }

  app.openapi(described.myStreak, async (c) => {
    const player = await onPostgres(ledger.readPlayer(c.var.userId));
    const { current = 0, longest = 0, lastDay = null, startDay = null, freezesLeft = 0 } = player?.streak ?? {};
    const today = dayOf(clock.nowMs());
    const body = {
      current,
      longest,
      last_activity_date: lastDay,
      start_date: startDay,
      freezes_left: freezesLeft,
      active_today: lastDay === today,
      at_risk: current > 0 && lastDay !== today,
      next_judgement_at: current === 0 ? null : new Date(endOfDay(today)).toISOString(),
    };
    return c.json(body, 200);
  });

  app.openapi(described.myXp, async (c) => {
    const { userId } = c.var;
    const { cursor, limit } = c.req.valid('query');
    const before = cursor === undefined ? undefined : readCursor(userId, cursor);
    if (cursor !== undefined && before === undefined) {
      return problem(c, 400, { error: 'InvalidRequest', message: 'This cursor is not from a page of your XP.' });
    }
    // One more than asked for tells whether there is another page.
    const rows = await onPostgres(ledger.readLedger(userId, { before, limit: limit + 1 }));
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    const xp = page.map((row) => ({
      id: row.id,
      event_type: row.type,
      event_id: row.eventId,
      xp_delta: row.xpDelta,
      xp_total: row.xpTotal,
      xp_multiplier: row.xpMultiplier,
      reason: row.reason,
      is_bonus: row.isBonus,
      bonus_reason: row.bonusReason,
      occurred_at: new Date(row.occurredAtMs).toISOString(),
    }));
    return c.json({ xp, ...(last === undefined ? {} : { cursor: writeCursor(userId, last.id) }) }, 200);
  });

  app.openapi(described.getVisibility, async (c) => {
    const person = await people.find(c.var.userId);
    return c.json({ visible: person?.hidden !== true }, 200);
  });

  app.openapi(described.putVisibility, async (c) => {
    const { userId, requestId: correlationId } = c.var;
    const { visible } = c.req.valid('json');
    const outcome = await onPostgres(ledger.setHidden(userId, !visible));
    if (outcome !== 'set') return unauthenticated(c, 'InvalidToken', 'This account has left Skyflow.');
    events.visibilitySet({ correlationId, userId, visible });
    // Where this fails the choice stands all the same, and asking again repairs the boards.
    await onRedis(boards.refresh([userId]));
    return c.json({ visible }, 200);
  });
}

import { createHash } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import { onPostgres } from '#pkg/rest/away.ts';
import type { PlayerState } from '../model.ts';
import { ACHIEVEMENTS } from '../rules/achievements/catalogue.ts';
import { type Achievement, progressOf } from '../rules/achievements/criteria.ts';
import type { GamificationRestContext, GamificationRestEnv } from './context.ts';
import * as described from './described.ts';
import { identify, requireUser } from './guards.ts';

/** GET achievements and me/achievements. */
export function addAchievementRoutes(app: OpenAPIHono<GamificationRestEnv>, context: GamificationRestContext): void {
  const { ledger } = context;
  const catalogue = { achievements: ACHIEVEMENTS.map(achievementJson) };
  const etag = `"${createHash('sha256').update(JSON.stringify(catalogue)).digest('base64url')}"`;
  const headers = { etag, 'cache-control': 'public, max-age=300' };

  app.openapi(described.listAchievements, async (c) => {
    const caller = await identify(c, context);
    if (caller instanceof Response) return caller;
    if (c.req.header('if-none-match') === etag) return c.body(null, 304, headers);
    return c.json(catalogue, 200, headers);
  });

  app.use(described.myAchievements.path, requireUser(context));
  app.openapi(described.myAchievements, async (c) => {
    const { userId } = c.var;
    const player = await onPostgres(ledger.readPlayer(userId));
    const unlocked = await onPostgres(ledger.readAchievements(userId));
    const achievements = ACHIEVEMENTS.map((achievement) => {
      const unlockedAtMs = unlocked.get(achievement.slug);
      return {
        ...achievementJson(achievement),
        progress: progressJson(achievement, player, unlockedAtMs !== undefined),
        unlocked_at: unlockedAtMs === undefined ? null : new Date(unlockedAtMs).toISOString(),
      };
    });
    // One that is no longer in the catalogue keeps its XP, and is not shown.
    const count = achievements.filter(({ unlocked_at }) => unlocked_at !== null).length;
    return c.json({ unlocked: count, achievements }, 200);
  });
}

const achievementJson = (achievement: Achievement) => ({
  slug: achievement.slug,
  name: achievement.name,
  description: achievement.description,
  icon: achievement.icon,
  rarity: achievement.rarity,
  xp_reward: achievement.xpReward,
  tier_required: achievement.tierRequired,
  criterion: { type: achievement.criterion.type, threshold: achievement.criterion.threshold },
});

/** What is unlocked stays so, even where its figure fell since: a streak that ended, accounts that went. */
function progressJson(achievement: Achievement, player: PlayerState | undefined, isUnlocked: boolean) {
  const { threshold } = achievement.criterion;
  const value = player === undefined ? 0 : progressOf(achievement, player).value;
  return { value: isUnlocked ? threshold : Math.max(0, Math.min(value, threshold)), threshold };
}

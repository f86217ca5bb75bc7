import type { RebuildStep } from '#pkg/gamification/rebuild.ts';
import { renderProgress } from '#pkg/runtime/terminal.ts';

const words = { ledger: 'ledger', leaderboards: 'leaderboards' } as const;

/** How far a rebuild is: first Postgres, then Redis. */
export const progressText = ({ of, done, total }: RebuildStep, startedMs: number): string => {
  const elapsedMs = Date.now() - startedMs;
  const etaMs = done === 0 ? undefined : (elapsedMs / done) * (total - done);
  return `${words[of]}  ${renderProgress({ done, total, etaMs, width: 72 })}`;
};

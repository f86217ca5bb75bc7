import { toError } from '#pkg/runtime/errors.ts';
import { applyDeed } from '../rules/apply-deed.ts';
import { needsDays } from '../rules/needs-days.ts';
import type { Deed, Effect, PlayerState } from '../model.ts';

/** Our own rules failed: a bug, which no other attempt will mend, and never a database that is away. */
export class RulesError extends Error {
  override readonly name = 'RulesError';

  constructor(cause: unknown) {
    super(`the rules failed: ${toError(cause).message}`, { cause });
  }
}

/** What deeds bring: one effect each, undefined where their user has no state. */
export interface Applied {
  readonly effects: readonly (Effect | undefined)[];
  /** Whose days must be looked up first. Their effects are not to be used. */
  readonly needDays: ReadonlySet<string>;
}

/**
 * Applies deeds in their order, each to what the ones before left of its user. Pure: asked again with the days that it
 * missed, it begins from the beginning.
 * @throws RulesError
 */
export function applyAll(deeds: readonly Deed[], states: ReadonlyMap<string, PlayerState>): Applied {
  const now = new Map(states);
  const needDays = new Set<string>();
  try {
    const effects = deeds.map((deed) => {
      const state = now.get(deed.userId);
      if (state === undefined || needDays.has(deed.userId)) return undefined;
      if (state.days === undefined && needsDays(state, deed)) {
        needDays.add(deed.userId);
        return undefined;
      }
      const effect = applyDeed(state, deed);
      now.set(deed.userId, effect.state);
      return effect;
    });
    return { effects, needDays };
  } catch (error) {
    throw new RulesError(error);
  }
}

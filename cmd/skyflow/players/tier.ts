import { type Tier, TIERS } from '#pkg/contracts/tiers.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';

/** The tier that somebody typed. @throws UserError where there is no such tier */
export const parseTier = (typed: string): Tier => {
  const found = TIERS.find((tier) => tier === typed.toLowerCase());
  if (found !== undefined) return found;
  const meant = nearestName(typed, TIERS);
  throw new UserError(`There is no tier ${JSON.stringify(typed)}.`, {
    hint: meant === undefined ? `The tiers are ${TIERS.join(', ')}.` : `Did you mean ${meant}?`,
  });
};

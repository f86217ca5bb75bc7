import { type ApiKey, type Scope, SCOPES } from '#pkg/feeds/rules/api-keys.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';
import type { Handler } from './operator-parts.ts';

const shownKey = (key: ApiKey) => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  scopes: [...key.scopes],
  createdAt: key.createdAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString() ?? null,
  revokedAt: key.revokedAt?.toISOString() ?? null,
  lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
});

const requireScopes = (scopes: readonly string[]): Scope[] => {
  if (scopes.length === 0) {
    throw new UserError('A key must be good for something.', { hint: `Scopes: ${SCOPES.join(', ')}.` });
  }
  return scopes.map((name) => {
    const scope = SCOPES.find((one) => one === name);
    if (scope !== undefined) return scope;
    const guess = nearestName(name, SCOPES);
    const hint = `There are ${SCOPES.join(', ')}.`;
    throw new UserError(`There is no scope ${JSON.stringify(name)}.`, {
      hint: guess === undefined ? hint : `Did you mean ${guess}? ${hint}`,
    });
  });
};

export const createKey: Handler<'create_key'> = async ({ rules, clock }, { name, scopes, expiresMs }) => {
  const expiresAt = expiresMs === undefined ? undefined : new Date(clock.nowMs() + expiresMs);
  const { secret, key } = await rules.keys.createKey({ name, scopes: requireScopes(scopes), expiresAt });
  return { secret, key: shownKey(key) };
};

export const listKeys: Handler<'keys'> = async ({ rules }) => ({ keys: (await rules.keys.listKeys()).map(shownKey) });

export const revokeKey: Handler<'revoke_key'> = async ({ rules }, { key: typed }) => {
  const good = (await rules.keys.listKeys()).filter(({ revokedAt }) => revokedAt === null);
  const meant = good.filter(({ id, name }) => id === typed || name === typed);
  const [key] = meant;
  if (key === undefined) {
    throw new UserError(`There is no key ${JSON.stringify(typed)} that is still good.`, {
      hint: 'They are listed by: skyflow feeds keys list',
    });
  }
  if (meant.length > 1) {
    throw new UserError(`${meant.length} keys are named ${JSON.stringify(typed)}.`, {
      hint: `Give the id of the one you mean: ${meant.map(({ id }) => id).join(', ')}.`,
    });
  }
  await rules.keys.revokeKey(key.id);
  return { key: shownKey(key) };
};

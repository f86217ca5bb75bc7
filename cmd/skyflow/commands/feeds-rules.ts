import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askOperator, print, quietScreen } from '../feeds/ask.ts';
import {
  bansText,
  banText,
  createdKeyText,
  keysText,
  membersText,
  revokedText,
  unbanText,
} from '../feeds/rules-text.ts';

const word = 'working';

/** `skyflow feeds ban` */
export const ban = async (options: OptionsOf<'feeds ban'>, subject: string): Promise<void> => {
  using screen = quietScreen(options);
  const request = { action: 'ban', subject, reason: options.reason ?? '' } as const;
  print(options, await askOperator(options, screen, request, word), banText);
};

/** `skyflow feeds unban` */
export const unban = async (options: OptionsOf<'feeds unban'>, subject: string): Promise<void> => {
  using screen = quietScreen(options);
  print(options, await askOperator(options, screen, { action: 'unban', subject }, word), unbanText);
};

/** `skyflow feeds bans` */
export const bans = async (options: OptionsOf<'feeds bans'>): Promise<void> => {
  using screen = quietScreen(options);
  print(options, await askOperator(options, screen, { action: 'bans' }, word), bansText);
};

/** `skyflow feeds members` */
export const members = async (options: OptionsOf<'feeds members'>, rkey: string): Promise<void> => {
  using screen = quietScreen(options);
  const { add, remove } = options;
  print(options, await askOperator(options, screen, { action: 'members', rkey, add, remove }, word), membersText);
};

/** `skyflow feeds keys create` */
export const createKey = async (options: OptionsOf<'feeds keys create'>, name: string): Promise<void> => {
  using screen = quietScreen(options);
  const { scopes, expiresMs } = options;
  const request = {
    action: 'create_key',
    name,
    scopes: scopes ?? [],
    ...(expiresMs === undefined ? {} : { expiresMs }),
  } as const;
  print(options, await askOperator(options, screen, request, word), createdKeyText);
};

/** `skyflow feeds keys list` */
export const listKeys = async (options: OptionsOf<'feeds keys list'>): Promise<void> => {
  using screen = quietScreen(options);
  print(options, await askOperator(options, screen, { action: 'keys' }, word), (answer, draw) =>
    keysText(answer, draw),
  );
};

/** `skyflow feeds keys revoke` */
export const revokeKey = async (options: OptionsOf<'feeds keys revoke'>, key: string): Promise<void> => {
  using screen = quietScreen(options);
  print(options, await askOperator(options, screen, { action: 'revoke_key', key }, word), revokedText);
};

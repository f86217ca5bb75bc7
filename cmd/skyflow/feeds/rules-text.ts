import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { table } from '../lens/table.ts';
import { plain } from '../lens/width.ts';
import { type Drawing, flexible, headed, left, minuteOf, nameOf, palette, plural, textOf } from './drawing.ts';

/** `skyflow feeds ban` and `unban`. */
export const banText = ({ subject, changed }: FeedsAnswer<'ban'>): string =>
  changed
    ? `Banned: ${plain(subject)}. No feed shows it from now on.\n`
    : `${plain(subject)} was banned already; the reason is the one you gave.\n`;

export const unbanText = ({ subject, changed }: FeedsAnswer<'unban'>): string =>
  changed ? `No longer banned: ${plain(subject)}.\n` : `${plain(subject)} was not banned.\n`;

export const bansText = ({ bans }: FeedsAnswer<'bans'>, draw: Drawing): string => {
  if (bans.length === 0) return 'Nobody and nothing is banned.\n';
  const rows = bans.map(({ subject, handle, reason, at }) => [
    minuteOf(at),
    handle === null ? '' : plain(`@${handle}`),
    plain(subject),
    plain(reason),
  ]);
  const columns = [left('since, UTC', 2), left('account', 3), left('subject'), flexible('reason', 10, 1)];
  return textOf(headed(table(columns, rows, draw.width), palette(draw)));
};

/** `skyflow feeds members`: what changed, then who is in. */
export const membersText = ({ rkey, added, removed, members }: FeedsAnswer<'members'>, draw: Drawing): string => {
  const changes = [...(added > 0 ? [`${added} added`] : []), ...(removed > 0 ? [`${removed} removed`] : [])];
  const said = changes.length === 0 ? [] : [`${changes.join(', ')}.`];
  if (members.length === 0) return textOf([...said, `${plain(rkey)} has no members. Add some with --add HANDLE`]);
  const rows = members.map((member) => [nameOf(member), plain(member.did)]);
  return textOf([
    ...said,
    `${plain(rkey)} has ${plural(members.length, 'member')}.`,
    '',
    ...headed(table([left('account'), left('DID', 1)], rows, draw.width), palette(draw)),
  ]);
};

/** `skyflow feeds keys create`: the secret stands on a line of its own, so that it can be copied whole. */
export const createdKeyText = ({ secret, key }: FeedsAnswer<'create_key'>, draw: Drawing): string => {
  const paint = palette(draw);
  const until = key.expiresAt === null ? 'It does not expire.' : `It expires ${minuteOf(key.expiresAt)} UTC.`;
  return textOf([
    `The key ${plain(key.name)}, for ${key.scopes.map(plain).join(', ')}. ${until}`,
    '',
    `  ${paint.bold(secret)}`,
    '',
    'It is shown this once and not kept. Send it as: Authorization: Bearer KEY',
  ]);
};

type Key = FeedsAnswer<'keys'>['keys'][number];

export const keysText = ({ keys }: FeedsAnswer<'keys'>, draw: Drawing, nowMs = Date.now()): string => {
  if (keys.length === 0) return 'There are no keys. Make one: skyflow feeds keys create NAME --scopes bans:write\n';
  const columns = [
    left('name'),
    left('key', 1),
    left('state'),
    flexible('scopes', 12),
    left('last used, UTC', 2),
    left('id', 3),
  ];
  const rows = keys.map((key) => [
    plain(key.name),
    `${plain(key.prefix)}…`,
    stateOf(key, nowMs),
    key.scopes.map(plain).join(', '),
    key.lastUsedAt === null ? 'never' : minuteOf(key.lastUsedAt),
    key.id,
  ]);
  return textOf(headed(table(columns, rows, draw.width), palette(draw)));
};

const stateOf = ({ revokedAt, expiresAt }: Key, nowMs: number): string => {
  if (revokedAt !== null) return 'revoked';
  if (expiresAt === null) return 'good';
  return Date.parse(expiresAt) <= nowMs ? 'expired' : `good until ${expiresAt.slice(0, 10)}`;
};

export const revokedText = ({ key }: FeedsAnswer<'revoke_key'>): string =>
  `The key ${plain(key.name)} (${plain(key.prefix)}…) is refused from now on.\n`;

import type { Change, Published, Unpublished } from '#pkg/feeds/publish/publish.ts';
import { plain } from '../lens/width.ts';
import { type Drawing, palette, textOf } from './drawing.ts';

const words = { create: 'new', update: 'changed', delete: 'to be deleted' } as const;

/** What is about to be written, as a difference. */
export const changeText = ({ rkey, kind, lines }: Change, draw: Pick<Drawing, 'color'>): string => {
  const paint = palette(draw);
  return textOf([
    `${paint.bold(plain(rkey))}  ${words[kind]}`,
    ...lines.map((line) => `  ${line.startsWith('+') ? paint.good(plain(line)) : paint.bad(plain(line))}`),
  ]);
};

const said: Readonly<Record<Published['state'] | Unpublished['state'], string>> = {
  created: 'published',
  updated: 'changed',
  same: 'as it should be, nothing written',
  deleted: 'deleted',
  absent: 'there is no record of it',
  declined: 'left as it is',
};

/** What became of one feed, in one line. */
export const outcomeText = (rkey: string, { state, uri }: Published | Unpublished): string =>
  `${plain(rkey)}  ${said[state]}${state === 'absent' || state === 'declined' ? '' : `  ${uri}`}\n`;

/** Why no client of Bluesky can use feeds of this service, where that is so. */
export const unreachable = (serviceDid: string): string | undefined => {
  const host = /^did:web:([^:%]+)(%3A\d+)?$/i.exec(serviceDid);
  if (host === null) return undefined;
  const [, name = '', port] = host;
  const isLocal =
    name === 'localhost' || name.endsWith('.localhost') || name.endsWith('.local') || /^[\d.]+$/.test(name);
  if (!isLocal && port === undefined) return undefined;
  const why = isLocal ? 'only this machine knows that name' : 'a did:web with a port is asked for by nobody';
  return `Feeds of ${serviceDid} reach no client of Bluesky: ${why}. Give --public-url https://YOUR.HOST, the address under which others reach this server.`;
};

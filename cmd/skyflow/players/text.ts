import type { PlayersAnswer } from '#pkg/admin/players.ts';
import { type Drawing, nameOf, palette, plural, textOf } from '../feeds/drawing.ts';
import { wrap } from '../lens/width.ts';

/** `skyflow users tier` */
export const tierText = (answer: PlayersAnswer<'set_tier'>, draw: Drawing): string => {
  const paint = palette(draw);
  const { from, to } = answer;
  if (from === to) return textOf([`${nameOf(answer)} is on ${to} already.`]);
  const effect = 'From now on. Requests under way keep the old one, and freezes for streaks come on the 1st.';
  return textOf([
    `${paint.good('Changed')} ${nameOf(answer)} from ${from} to ${to}.`,
    ...wrap(effect, draw.width).map(paint.soft),
  ]);
};

/** `skyflow xp rebuild` */
export const rebuildText = (answer: PlayersAnswer<'rebuild'>, draw: Drawing): string => {
  const paint = palette(draw);
  const { users, rows, wrongTotals, removed } = answer;
  const found = `${plural(wrongTotals, 'row')} of the ledger had a running total that is not the sum of those before: somebody changed the ledger by hand. The sums now are those of the rows.`;
  return textOf([
    `${paint.good('Rebuilt')} ${plural(users, 'user')} from ${plural(rows, 'row')} of the ledger, and the leaderboards.`,
    ...(removed === 0 ? [] : [`${plural(removed, 'place')} on leaderboards belonged to nobody and went.`]),
    ...(wrongTotals === 0 ? [] : wrap(found, draw.width).map(paint.bad)),
  ]);
};

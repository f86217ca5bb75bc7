import { LENSES, type Lens, type LensScore } from '#pkg/contracts/lens.ts';

/** `Flow 8.7 · Clout 6.2 · Kudos 7.4 · Pulse +12%`; null unless all four lenses have a score. Well under 280 characters. */
export const shareLine = (scores: ReadonlyMap<Lens, LensScore>): string | null => {
  if (LENSES.some((lens) => !scores.has(lens))) return null;
  const of = (lens: Lens): string => (scores.get(lens)?.score ?? 0).toFixed(1);
  const change = scores.get('pulse')?.change_percent ?? null;
  const pulse = change === null ? 'new' : `${change < 0 ? '' : '+'}${change}%`;
  return `Flow ${of('flow')} · Clout ${of('clout')} · Kudos ${of('kudos')} · Pulse ${pulse}`;
};

import type { Since } from '#pkg/runtime/options/router.ts';

/** The moment (ms since 1970) that `--since` means now; undefined where it was not given. */
export const sinceMsOf = (since: Since | undefined, nowMs = Date.now()): { readonly sinceMs?: number } => {
  if (since === undefined) return {};
  return { sinceMs: 'atMs' in since ? since.atMs : Math.max(0, nowMs - since.agoMs) };
};

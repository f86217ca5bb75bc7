import { resolve } from 'node:path';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askOperator, print, quietScreen } from '../feeds/ask.ts';
import { checkText, listText } from '../feeds/list-text.ts';
import { statsText } from '../feeds/stats-text.ts';

/** `skyflow feeds list` */
export const list = async (options: OptionsOf<'feeds list'>): Promise<void> => {
  using screen = quietScreen(options);
  print(options, await askOperator(options, screen, { action: 'list' }, 'looking'), listText);
};

/** `skyflow feeds check`: status 1 where there is a mistake, for scripts. */
export const check = async (options: OptionsOf<'feeds check'>, dir: string | undefined): Promise<void> => {
  using screen = quietScreen(options);
  // The process that answers may have another working directory.
  const request = { action: 'check', ...(dir === undefined ? {} : { dir: resolve(dir) }) } as const;
  const answer = await askOperator(options, screen, request, 'checking');
  print(options, answer, checkText);
  if (answer.problems.length > 0) process.exitCode = 1;
};

/** `skyflow feeds stats` */
export const stats = async (options: OptionsOf<'feeds stats'>, rkey: string | undefined): Promise<void> => {
  using screen = quietScreen(options);
  const request = { action: 'stats', days: options.days, ...(rkey === undefined ? {} : { rkey }) } as const;
  print(options, await askOperator(options, screen, request, 'counting'), statsText);
};

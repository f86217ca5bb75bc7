import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askAndPrint } from '../router/ask.ts';
import { letterText, lettersText } from '../router/letters-text.ts';
import { sinceMsOf } from '../router/since.ts';

/** `skyflow dlq list` */
export const list = async (options: OptionsOf<'dlq list'>): Promise<void> => {
  const { subject, since, limit } = options;
  const chosen = { ...(subject === undefined ? {} : { subject }), ...sinceMsOf(since), limit };
  await askAndPrint(options, { action: 'dead_letters', ...chosen }, lettersText);
};

/** `skyflow dlq show` */
export const show = async (options: OptionsOf<'dlq show'>, id: string): Promise<void> => {
  await askAndPrint(options, { action: 'dead_letter', id }, letterText);
};

import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askAndPrint } from '../router/ask.ts';
import { sinceMsOf } from '../router/since.ts';
import { auditText, traceText } from '../router/trace-text.ts';

/** `skyflow trace` */
export const trace = async (options: OptionsOf<'trace'>, id: string): Promise<void> => {
  await askAndPrint(options, { action: 'trace', id }, traceText);
};

/** `skyflow audit` */
export const audit = async (options: OptionsOf<'audit'>): Promise<void> => {
  const { about, subject, since, limit } = options;
  if (about === undefined && subject === undefined && since === undefined) {
    throw new UserError('skyflow audit needs to be told which events.', {
      hint: "Give --about DID, --subject 'events.xp.>' or --since 1h.",
    });
  }
  const chosen = {
    ...(about === undefined ? {} : { about }),
    ...(subject === undefined ? {} : { subject }),
    ...sinceMsOf(since),
    limit,
  };
  await askAndPrint(options, { action: 'audit', ...chosen }, auditText);
};

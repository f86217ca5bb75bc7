import { askAnalyze } from '#pkg/admin/client.ts';
import type { AnalyzeOutcome, AnalyzeRequest } from '#pkg/admin/protocol.ts';
import { LENSES } from '#pkg/contracts/lens.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { wantsColor } from '#pkg/runtime/terminal.ts';
import { lensTexts } from '../lens/lens-text.ts';
import { throughLocal } from '../local-store.ts';
import { openScreen } from '../screen.ts';

/** What a terminal that does not tell its width is taken for; files and pipes are wider. */
const fallbackWidth = 100;

/** `skyflow analyze`: lenses for the operator, from the running process where there is one, else from the store. */
export const analyze = async (options: OptionsOf<'analyze'>, account: string): Promise<void> => {
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  const request: AnalyzeRequest = {
    account,
    lenses: options.type === 'all' ? [...LENSES] : [options.type],
    window: options.window,
    audience: options.audience,
  };
  const outcome = await throughLocal<AnalyzeOutcome>(options, screen.log, {
    ask: (path) => askAnalyze(path, request),
    // Loaded only here: a running Skyflow has all of it open already.
    open: async (stores) =>
      (await import('../analyze/from-store.ts')).analyzeFromStore(request, {
        stores,
        plcUrl: options.plcUrl,
        log: screen.log,
      }),
  });
  if (!outcome.ok) throw new UserError(outcome.message, { hint: outcome.hint });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ answers: outcome.answers })}\n`);
    return;
  }
  const color = wantsColor(process.stdout, { noColor: options.noColor, term: process.env['TERM'] });
  const width = process.stdout.columns ?? fallbackWidth;
  process.stdout.write(lensTexts(outcome.answers, { color, width }));
};

import type { AnalyzeOutcome, AnalyzeRequest } from '#pkg/admin/protocol.ts';
import type { Logger } from '#pkg/runtime/log.ts';
import type { Stores } from '../compose.ts';
import { createLensPart } from '../services.ts';
import { openAnalyst } from './open-analyst.ts';

/**
 * Answers without a running Skyflow. What scores are compared with is kept fresh in the background by processes that run;
 * where none ever did, it is computed once here.
 */
export const analyzeFromStore = async (
  request: AnalyzeRequest,
  { stores, plcUrl, log }: { readonly stores: Stores; readonly plcUrl: string; readonly log: Logger },
): Promise<AnalyzeOutcome> => {
  const lenses = await createLensPart({ stores, log });
  const analyst = openAnalyst({ store: await stores.clickhouse(), lenses, plcUrl });
  const outcome = await analyst(request);
  const isLacking =
    outcome.ok && outcome.answers.some(({ notices }) => notices.some(({ code }) => code === 'no_reference'));
  if (!isLacking) return outcome;
  await lenses.refreshReferences();
  return analyst(request);
};

import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askAndPrint } from '../router/ask.ts';
import { replayText } from '../router/replay-text.ts';
import { sinceMsOf } from '../router/since.ts';

/** `skyflow replay`: status 1 where something could not be published, for scripts. */
export const replay = async (options: OptionsOf<'replay'>): Promise<void> => {
  const { eventId, subject, since, again, dryRun } = options;
  if (eventId === undefined && subject === undefined && since === undefined) {
    throw new UserError('skyflow replay needs to be told which dead letters.', {
      hint: "Give --event-id ID, --subject 'events.timeline.>' or --since 2h. They are listed by: skyflow dlq list",
    });
  }
  const chosen = {
    ...(eventId === undefined ? {} : { eventId }),
    ...(subject === undefined ? {} : { subject }),
    ...sinceMsOf(since),
  };
  const answer = await askAndPrint(options, { action: 'replay', ...chosen, again, dryRun }, replayText);
  if (answer.failed > 0 || answer.stopped) process.exitCode = 1;
};

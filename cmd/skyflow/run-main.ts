import { errorCode } from '#pkg/runtime/errors.ts';
import { reportFailure } from '#pkg/runtime/failure.ts';
import { buildProgram, type CommandHandlers, runProgram } from '#pkg/runtime/program.ts';
import { readVersion } from './version.ts';

/** How long whatever was left open may keep the process after its work is done. */
const lingerMs = 2_000;

/** The body of every main: parses `args`, runs the command, shows what went wrong in words, and sets the exit status. */
export const runMain = async (handlers: CommandHandlers, args: readonly string[]): Promise<void> => {
  // `skyflow sql ... | head`: a reader who has seen enough is no error.
  process.stdout.on('error', (error) => {
    if (errorCode(error) === 'EPIPE') process.exit(0);
    throw error;
  });
  try {
    await runProgram(buildProgram(handlers, { version: readVersion() }), args);
  } catch (error) {
    process.exitCode = reportFailure(error, (text) => void process.stderr.write(text));
  }
  setTimeout(() => process.exit(), lingerMs).unref();
};

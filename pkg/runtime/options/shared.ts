import { COMMAND_NAMES } from '#pkg/runtime/commands.ts';
import { LOG_LEVELS } from '#pkg/runtime/log.ts';
import { flag, option, optional } from '#pkg/runtime/options/option.ts';
import { anyValue, choice, text } from '#pkg/runtime/options/values.ts';

/** Options that every command takes. */
export const SHARED_OPTIONS = {
  'log-level': option({
    env: 'LOG_LEVEL',
    arg: '<level>',
    default: 'info',
    parse: choice(LOG_LEVELS),
    help: `log lines on stderr: ${LOG_LEVELS.join(', ')}`,
    commands: COMMAND_NAMES,
  }),
  'env-file': optional({
    env: 'SKYFLOW_ENV_FILE',
    arg: '<file>',
    parse: text,
    help: 'read variables from a file that only you can read (chmod 600)',
    commands: COMMAND_NAMES,
  }),
  'no-color': flag({
    env: 'NO_COLOR',
    help: 'no colours on the terminal',
    commands: COMMAND_NAMES,
    parse: anyValue,
  }),
};

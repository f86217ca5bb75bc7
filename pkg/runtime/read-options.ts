import type { CommandName } from '#pkg/runtime/commands.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import {
  HANDLER_KEYS,
  type Option,
  OPTION_NAMES,
  OPTIONS,
  type OptionName,
  type OptionsOf,
} from '#pkg/runtime/options.ts';
import { redactUrl } from '#pkg/runtime/redact.ts';

/** Texts by name, as in `process.env`. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** An option as one command sees it, with that command's own variable and default. */
export interface CommandOption {
  name: OptionName;
  spec: Option<unknown, CommandName>;
  env: string;
  default: string | undefined;
  required: boolean;
}

/** The options of one command, in the table's order. */
export function optionsOfCommand(command: CommandName): CommandOption[] {
  return OPTION_NAMES.flatMap((name) => {
    const spec: Option<unknown, CommandName> = OPTIONS[name];
    if (!spec.commands.includes(command)) return [];
    const override = spec.overrides?.[command];
    const required = spec.requiredFor?.includes(command) === true;
    const fallback = required ? undefined : (override?.default ?? spec.default);
    return [{ name, spec, env: override?.env ?? spec.env, default: fallback, required }];
  });
}

/**
 * The typed options of a command: from a flag, else its variable, else the default. An empty variable counts as unset,
 * because compose files pass `${X:-}`. The first value that cannot be read is a UserError.
 */
export function readOptions<C extends CommandName>(
  command: C,
  input: { flags?: ReadonlyMap<OptionName, string>; environment: Environment },
): OptionsOf<C> {
  const values: Record<string, unknown> = {};
  for (const entry of optionsOfCommand(command)) {
    const flag = input.flags?.get(entry.name);
    const variable = input.environment[entry.env];
    const text = flag ?? (variable === '' ? undefined : variable);
    if (entry.required && text === undefined) throw missing(command, entry, input.environment);
    const result = entry.spec.read(text, entry.default);
    if (!result.ok) throw badValue(entry, { fromFlag: flag !== undefined, text: text ?? '', problem: result.problem });
    values[handlerKey(entry.name)] = result.value;
  }
  return values as OptionsOf<C>;
}

function missing(command: CommandName, { name, spec, env }: CommandOption, environment: Environment): UserError {
  if (spec.environmentOnly !== true) {
    return new UserError(`skyflow ${command} needs --${name}.`, {
      hint: `Give --${name} ${spec.arg ?? ''} (${spec.help}).`,
    });
  }
  // All of them at once, so that nobody has to start it once for each.
  const others = optionsOfCommand(command)
    .filter((one) => one.required && one.spec.environmentOnly === true && one.env !== env)
    .map((one) => one.env)
    .filter((variable) => (environment[variable] ?? '') === '');
  const what = new Intl.ListFormat('en-GB').format(['it', ...others]);
  return new UserError(`skyflow ${command} needs ${env} (${spec.help}).`, {
    hint: `Set ${what} in the environment or in a file named with --env-file; or run everything in one process: skyflow up.`,
  });
}

function badValue(entry: CommandOption, given: { fromFlag: boolean; text: string; problem: string }): UserError {
  const { spec, env } = entry;
  const source = given.fromFlag ? `--${entry.name}` : env;
  // A URL that cannot be parsed cannot be redacted with certainty either, so it is not shown at all.
  const shown = spec.environmentOnly === true ? '' : ` ${JSON.stringify(redactUrl(given.text))}`;
  const encode = spec.environmentOnly === true ? ' Write special characters of a password as %XX.' : '';
  const fallback = spec.defaultText ?? entry.default;
  const example = fallback === undefined ? '' : ` The default is ${fallback}.`;
  return new UserError(`${source}${shown}: ${given.problem}.`, { hint: `It means: ${spec.help}.${example}${encode}` });
}

function handlerKey(name: OptionName): string {
  const keys: Readonly<Record<string, string>> = HANDLER_KEYS;
  return keys[name] ?? name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
}

import { Command, CommanderError, Option as CommanderOption } from 'commander';
import {
  type ArgumentsOf,
  COMMAND_GROUPS,
  COMMAND_NAMES,
  type CommandName,
  COMMANDS,
  type CommandSpec,
} from '#pkg/runtime/commands.ts';
import { readEnvironment } from '#pkg/runtime/environment.ts';
import { SHARED_OPTIONS } from '#pkg/runtime/options/shared.ts';
import type { OptionName, OptionsOf } from '#pkg/runtime/options.ts';
import { type CommandOption, type Environment, optionsOfCommand, readOptions } from '#pkg/runtime/read-options.ts';
import { usageError } from '#pkg/runtime/usage-error.ts';

/** Does a command's work. `options` holds exactly the options that the table gives this command. */
export type CommandHandler<C extends CommandName> = (options: OptionsOf<C>, args: ArgumentsOf<C>) => Promise<void>;

/** The commands that a program offers. Commands without a handler are left out of it. */
export type CommandHandlers = { readonly [C in CommandName]?: CommandHandler<C> };

export interface ProgramContext {
  version: string;
  /** `process.env` by default. */
  environment?: Environment;
  /** Where `--help` and `--version` go; stdout by default. */
  write?: (text: string) => void;
}

const TEXT_WIDTH = 110;

/** Builds the command line from the tables. Nothing runs before `runProgram`. */
export function buildProgram(handlers: CommandHandlers, context: ProgramContext): Command {
  const program = configure(new Command('skyflow'), context);
  program
    .description('Skyflow: what is really happening in your Bluesky network.')
    .version(context.version, '-V, --version', 'show the version');
  program.addHelpText('after', '\nskyflow COMMAND --help shows a command with its options, variables and examples.');
  const groups = new Map<string, Command>();
  for (const name of COMMAND_NAMES) {
    const handler = handlers[name];
    if (handler === undefined) continue;
    const words = name.split(' ');
    let parent = program;
    for (const [at, word] of words.slice(0, -1).entries()) {
      const groupName = words.slice(0, at + 1).join(' ');
      const group = groups.get(groupName) ?? configure(parent.command(word), context);
      group.description(COMMAND_GROUPS[groupName] ?? '');
      groups.set(groupName, group);
      parent = group;
    }
    addCommand(parent.command(words.at(-1) ?? name), {
      name,
      context,
      handler: handler as CommandHandler<CommandName>,
    });
  }
  return program;
}

/**
 * Parses `args` (without node and the script) and runs the handler. Rejects with a UserError for anything mistyped, and
 * with whatever the handler rejects with. `--help` and `--version` print and resolve.
 */
export async function runProgram(program: Command, args: readonly string[]): Promise<void> {
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (['commander.helpDisplayed', 'commander.help', 'commander.version'].includes(error.code)) return;
    throw usageError(program, args, error);
  }
}

function configure(command: Command, context: ProgramContext): Command {
  const write = context.write ?? ((text: string) => void process.stdout.write(text));
  command.exitOverride().helpCommand(false).showSuggestionAfterError(false);
  command.addHelpOption(new CommanderOption('-h, --help', 'show this text').helpGroup('Common options:'));
  command.configureHelp({ helpWidth: TEXT_WIDTH, showGlobalOptions: false });
  // Errors are thrown and shown by the caller; help asked for in vain (no command given) is still shown.
  return command.configureOutput({ writeOut: write, writeErr: write, outputError: () => undefined });
}

interface Registration {
  name: CommandName;
  context: ProgramContext;
  handler: CommandHandler<CommandName>;
}

function addCommand(command: Command, { name, context, handler }: Registration): void {
  configure(command, context);
  const spec: CommandSpec = COMMANDS[name];
  command.summary(spec.summary).description(spec.description);
  for (const { name, help, takes } of spec.arguments) {
    command.argument(takes === undefined ? `<${name}>` : takes === 'many' ? `[${name}...]` : `[${name}]`, help);
  }
  const entries = optionsOfCommand(name);
  const registered = new Map<OptionName, CommanderOption>();
  for (const entry of entries) {
    if (entry.spec.environmentOnly === true) continue;
    const option = commanderOption(entry);
    registered.set(entry.name, option);
    command.addOption(option);
  }
  command.addHelpText('after', () => environmentHelp(entries) + examplesHelp(spec));
  command.action(async (...received: unknown[]) => {
    const flags = flagTexts(command, registered);
    const outside = context.environment ?? process.env;
    const environment = await readEnvironment(
      outside,
      flags.get('env-file') ?? outside[SHARED_OPTIONS['env-file'].env],
    );
    const args = received.slice(0, spec.arguments.length);
    await handler(readOptions(name, { flags, environment }), args as unknown as ArgumentsOf<CommandName>);
  });
}

function commanderOption(entry: CommandOption): CommanderOption {
  const { name, spec, env } = entry;
  const shown = entry.required ? undefined : (spec.defaultText ?? entry.default);
  const fallback = shown === undefined ? (entry.required ? ', required' : '') : `, default ${shown}`;
  const flags = spec.arg === undefined ? `--${name}` : `--${name} ${spec.arg}`;
  const option = new CommanderOption(flags, `${spec.help} [${env}${fallback}]`);
  option.helpGroup(name in SHARED_OPTIONS ? 'Common options:' : 'Options:');
  if (spec.repeatable === true) {
    option.argParser<string[]>((text, before: string[] | undefined) => [...(before ?? []), text]);
  }
  return option;
}

/** The texts of the flags that stood on the command line, and of no others: commander invents values for `--no-x`. */
function flagTexts(command: Command, registered: ReadonlyMap<OptionName, CommanderOption>): Map<OptionName, string> {
  const texts = new Map<OptionName, string>();
  for (const [name, option] of registered) {
    const key = option.attributeName();
    if (command.getOptionValueSource(key) !== 'cli') continue;
    const value: unknown = command.getOptionValue(key);
    if (Array.isArray(value)) texts.set(name, value.join(','));
    else texts.set(name, typeof value === 'string' ? value : 'true');
  }
  return texts;
}

function environmentHelp(entries: readonly CommandOption[]): string {
  const lines = entries.flatMap(({ spec, env, required }) => {
    if (spec.environmentOnly !== true) return [];
    const fallback = required ? 'required' : `default ${spec.defaultText ?? 'none'}`;
    return [`  ${env.padEnd(16)} ${spec.help} [${fallback}]`];
  });
  if (lines.length === 0) return '';
  return `\nEnvironment, or --env-file (these can hold passwords, so they have no flag):\n${lines.join('\n')}\n`;
}

function examplesHelp(spec: CommandSpec): string {
  const lines = spec.examples.map(([line, meaning]) => `  skyflow ${line}\n      ${meaning}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

import type { Command, CommanderError } from 'commander';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';
import { type Option, OPTION_NAMES, OPTIONS } from '#pkg/runtime/options.ts';
import type { CommandName } from '#pkg/runtime/commands.ts';

/** Says what was mistyped on the command line, and names what was probably meant. */
export function usageError(program: Command, args: readonly string[], cause: CommanderError): UserError {
  const { command, flag, word } = locate(program, args);
  const name = fullName(command);
  const help = `See: ${name} --help`;
  switch (cause.code) {
    case 'commander.unknownOption':
      return new UserError(`${name} has no option ${flag ?? ''}.`, {
        hint: flagHint(command, flag ?? '') ?? help,
        cause,
      });
    case 'commander.unknownCommand':
    case 'commander.excessArguments': {
      if (command.commands.length === 0) {
        const hint = `Put quotes around a value that holds spaces. ${help}`;
        return new UserError(`${name} was given more words than it takes.`, { hint, cause });
      }
      const guess = nearestName(
        word ?? '',
        command.commands.map((child) => child.name()),
      );
      const hint = guess === undefined ? help : `Did you mean ${guess}?`;
      return new UserError(`${name} has no command ${word ?? ''}.`, { hint, cause });
    }
    default:
      // Commander's own sentence for the rest (a missing value or argument), in our shape.
      return new UserError(`${name}: ${cause.message.replace(/^error: /, '')}.`, { hint: help, cause });
  }
}

/** Walks the line as commander does: to the innermost command, its first unknown flag, its first unknown word. */
function locate(program: Command, args: readonly string[]): { command: Command; flag?: string; word?: string } {
  let command = program;
  let flag: string | undefined;
  let word: string | undefined;
  for (let i = 0; i < args.length; i += 1) {
    const arg = args[i] ?? '';
    if (arg === '--') break;
    if (!arg.startsWith('-')) {
      const child = command.commands.find((one) => one.name() === arg);
      if (child === undefined) word ??= arg;
      else if (word === undefined) command = child;
      continue;
    }
    const [long = arg, inlineValue] = arg.split('=', 2);
    if (['-h', '--help'].includes(long)) continue;
    const known = command.options.find((option) => option.long === long || option.short === long);
    if (known === undefined) flag ??= long;
    else if (known.required && inlineValue === undefined) i += 1;
  }
  return { command, ...(flag === undefined ? {} : { flag }), ...(word === undefined ? {} : { word }) };
}

function flagHint(command: Command, flag: string): string | undefined {
  const elsewhere = OPTION_NAMES.find((name) => `--${name}` === flag);
  if (elsewhere !== undefined) {
    const spec: Option<unknown, CommandName> = OPTIONS[elsewhere];
    if (spec.environmentOnly === true) {
      return `It can hold a password, and command lines are visible to others: set ${spec.env}, or put it in an --env-file.`;
    }
    if (command.commands.length > 0) return `Options come after the command: ${fullName(command)} COMMAND ${flag}`;
    return `It belongs to: ${spec.commands.join(', ')}.`;
  }
  const flags = command.options.flatMap((option) =>
    option.long === undefined || option.long === null ? [] : [option.long],
  );
  const guess = nearestName(flag, [...flags, '--help']);
  return guess === undefined ? undefined : `Did you mean ${guess}?`;
}

function fullName(command: Command): string {
  return command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`;
}

import { z } from 'zod';
import type { CommandName } from '#pkg/runtime/commands.ts';
import { onOff } from '#pkg/runtime/options/values.ts';

/** What a command may change about an option it shares with others. */
export interface OptionOverride {
  env?: string;
  default?: string;
}

interface OptionBase<C extends CommandName> {
  /** The environment variable that sets it where the flag does not. */
  env: string;
  /** One sentence for `--help`, without a full stop. */
  help: string;
  commands: readonly C[];
  /** What `--help` shows as the default where there is no fixed one. */
  defaultText?: string;
  /** Can hold a password: has no flag, and its value is never shown. */
  environmentOnly?: boolean;
  /** May be given several times; the texts are joined with commas. */
  repeatable?: boolean;
  /** This command must be told: the default does not count. */
  requiredFor?: readonly C[];
  overrides?: Readonly<Partial<Record<C, OptionOverride>>>;
}

/** An option as the table holds it. `T` is what a handler gets, `C` the commands that take it. */
export interface Option<T, C extends CommandName> extends OptionBase<C> {
  /** The placeholder in `--help`; undefined for a switch. */
  arg: string | undefined;
  default: string | undefined;
  /** Reads the text that was given, or the default when none was. */
  read(text: string | undefined, fallback: string | undefined): ReadResult<T>;
}

export type ReadResult<T> = { ok: true; value: T } | { ok: false; problem: string };

/** An option with a value and a default. The default is text too, read like any other. */
export function option<T, const C extends CommandName>(
  spec: OptionBase<C> & { arg: string; default: string; parse: z.ZodType<T, string> },
): Option<T, C> {
  return {
    ...spec,
    read: (text, fallback) => run(spec.parse, text ?? fallback ?? spec.default),
  };
}

/** An option that may be left out: its value is then undefined. */
export function optional<T, const C extends CommandName>(
  spec: OptionBase<C> & { arg: string; parse: z.ZodType<T, string> },
): Option<T | undefined, C> {
  return {
    ...spec,
    default: undefined,
    read: (text, fallback) => {
      const given = text ?? fallback;
      return given === undefined ? { ok: true, value: undefined } : run(spec.parse, given);
    },
  };
}

/** A switch: false unless given. Its variable takes true or false, or what `parse` says. */
export function flag<const C extends CommandName>(
  spec: OptionBase<C> & { parse?: z.ZodType<boolean, string> },
): Option<boolean, C> {
  return {
    ...spec,
    arg: undefined,
    default: undefined,
    read: (text) => (text === undefined ? { ok: true, value: false } : run(spec.parse ?? onOff, text)),
  };
}

function run<T>(schema: z.ZodType<T, string>, text: string): ReadResult<T> {
  const result = schema.safeParse(text);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, problem: result.error.issues.map((issue) => issue.message).join('; ') };
}

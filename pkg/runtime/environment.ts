import { parseEnv } from 'node:util';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';
import { type Option, OPTION_NAMES, OPTIONS, OTHER_VARIABLES } from '#pkg/runtime/options.ts';
import { readPrivateFile } from '#pkg/runtime/private-file.ts';
import type { CommandName } from '#pkg/runtime/commands.ts';
import type { Environment } from '#pkg/runtime/read-options.ts';

/** Every variable that any command reads. */
export function knownVariables(): ReadonlySet<string> {
  const names = new Set(OTHER_VARIABLES);
  for (const name of OPTION_NAMES) {
    const spec: Option<unknown, CommandName> = OPTIONS[name];
    names.add(spec.env);
    for (const override of Object.values(spec.overrides ?? {})) if (override.env !== undefined) names.add(override.env);
  }
  return names;
}

/** Refuses `SKYFLOW_*` variables that nothing reads: a misspelt one would silently do nothing. */
export function checkEnvironment(environment: Environment): void {
  const known = knownVariables();
  for (const name of Object.keys(environment)) {
    if (name.startsWith('SKYFLOW_') && !known.has(name)) throw unknownVariable(name, 'the environment', known);
  }
}

/**
 * The variables of the environment and of `file`; the environment wins. The file must be readable by its owner only, as it
 * may hold passwords. It may hold variables for other programs too, but none that looks like a misspelt one of ours.
 */
export async function readEnvironment(environment: Environment, file: string | undefined): Promise<Environment> {
  checkEnvironment(environment);
  if (file === undefined || file === '') return environment;
  const known = knownVariables();
  const fromFile: Record<string, string | undefined> = parseEnv(await readPrivateFile(file, '--env-file'));
  for (const name of Object.keys(fromFile)) {
    if (known.has(name)) continue;
    if (name.startsWith('SKYFLOW_') || nearestName(name, known) !== undefined) throw unknownVariable(name, file, known);
  }
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  return { ...fromFile, ...Object.fromEntries(set) };
}

function unknownVariable(name: string, where: string, known: Iterable<string>): UserError {
  const guess = nearestName(name, known);
  return new UserError(`${name} in ${where} is not a variable that Skyflow knows.`, {
    hint: guess === undefined ? 'Remove it, or see the variables in: skyflow up --help' : `Did you mean ${guess}?`,
  });
}

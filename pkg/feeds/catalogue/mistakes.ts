import { nearestName } from '#pkg/runtime/nearest.ts';
import type { z } from 'zod';

/** What a file says, or what is wrong with it in sentences. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly mistakes: readonly string[] };

/** Something is wrong with a feed's files. */
export const wrong = (...mistakes: string[]): { readonly ok: false; readonly mistakes: readonly string[] } => ({
  ok: false,
  mistakes,
});

/**
 * Reads a JSON file by its schema. Every message of the schema ends a sentence that begins with the field's name.
 * @param file how it is called in the sentences
 */
export const readJson = <Schema extends z.ZodType>(
  { file, text, fields }: { readonly file: string; readonly text: string; readonly fields: readonly string[] },
  schema: Schema,
): Read<z.output<Schema>> => {
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    return wrong(`${file} is no valid JSON: ${error instanceof Error ? error.message : String(error)}.`);
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  return wrong(...parsed.error.issues.flatMap((issue) => sentencesFor(issue, file, fields)));
};

const sentencesFor = (issue: z.core.$ZodIssue, file: string, fields: readonly string[]): string[] => {
  const [field, ...rest] = issue.path.map(String);
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => {
      const meant = field === undefined ? nearestName(key, fields) : undefined;
      const where = field === undefined ? '' : ` in ${[field, ...rest].join('.')}`;
      return `${file} has an unknown field ${key}${where}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
    });
  if (field === undefined) return [`${file} must be a JSON object: {...}.`];
  return [`${file}: ${[field, ...rest].join('.')} ${issue.message}.`];
};

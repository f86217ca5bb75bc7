/** Reading untrusted JSON: each returns undefined (or an empty list) for anything of another type, and never throws. */

export type JsonObject = Readonly<Record<string, unknown>>;

export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;

export const asText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The strings of a list; elements of other types are passed over. */
export const asTexts = (value: unknown): string[] =>
  asList(value).filter((element): element is string => typeof element === 'string');

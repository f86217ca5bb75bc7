/** Anything JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. Build records with their keys in alphabetical order: that is how the network prints them. */
export type JsonObject = { [key: string]: Json };

const ESCAPED = /[&<>\u2028\u2029]/;
const ESCAPED_ALL = /[&<>\u2028\u2029]/g;

const escapeLetter = (letter: string): string => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * Writes JSON with the escapes of Go's encoder, which Jetstream uses: `&`, `<`, `>` and the two Unicode line ends
 * as \u escapes, everything else beyond ASCII as itself. Keys keep the order in which the object has them.
 */
export const goJson = (value: Json): string => {
  const text = JSON.stringify(value);
  return ESCAPED.test(text) ? text.replace(ESCAPED_ALL, escapeLetter) : text;
};

import { z } from 'zod';
import { parseBytes, parseDuration } from '#pkg/runtime/quantities.ts';

/** Schemas that turn the text of an option into its value. Their messages complete the sentence "--x 5: ...". */

/** Builds a schema from a function that answers undefined for text it does not understand. */
function parsed<T>(parse: (text: string) => T | undefined, expected: string): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: expected });
    return z.NEVER;
  });
}

/** `500ms`, `30s`, `36h`, in milliseconds. */
export const durationMs = parsed(parseDuration, 'expected a duration such as 500ms, 30s, 5m, 36h or 30d');

/** Like `durationMs`; `forever` is Infinity. */
export const durationMsOrForever = parsed(
  (text) => (text === 'forever' ? Number.POSITIVE_INFINITY : parseDuration(text)),
  'expected a duration such as 36h or 30d, or "forever"',
);

/** `64MB`, in bytes. */
export const sizeBytes = parsed(parseBytes, 'expected a size such as 512KB, 64MB or 2GB');

/** A whole number from `min` to `max`. Digits only, no sign, exponent or separator. */
export function integer(min: number, max: number): z.ZodType<number, string> {
  return parsed((text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  }, `expected a whole number from ${min} to ${max}`);
}

/** A TCP port; 0 takes any free one. */
export const port = integer(0, 65_535);

/** A number above 0, decimals allowed. */
export const positiveNumber = parsed((text) => {
  const value = /^\d{1,12}(?:\.\d{1,9})?$/.test(text) ? Number(text) : 0;
  return value > 0 ? value : undefined;
}, 'expected a number above 0');

/** One of a closed list. */
export function choice<const V extends string>(values: readonly V[]): z.ZodType<V, string> {
  return parsed((text) => values.find((value) => value === text), `expected one of ${values.join(', ')}`);
}

/** Any text but none at all. */
export const text = parsed((value) => (value === '' ? undefined : value), 'expected a value');

/** The name of a database: letters, digits and underscores, so that it needs no quoting in SQL. */
export const databaseName = parsed(
  (value) => (/^[a-z_][a-z0-9_]{0,62}$/i.test(value) ? value : undefined),
  'expected letters, digits and underscores, not starting with a digit',
);

/** The DID of a service: did:web or did:plc, without a fragment. */
export const serviceDid = parsed(
  (value) => (/^did:(?:web:[a-z0-9.-]+(?:%3A\d{1,5})?|plc:[a-z2-7]{24})$/i.test(value) ? value : undefined),
  'expected a did:web of a host or a did:plc',
);

/** A PEM block of a private key. Environment files have no line breaks, so `\n` stands for one. */
export const pem = parsed((value) => {
  const block = value.replaceAll(String.raw`\n`, '\n').trim();
  return /^-----BEGIN (?:RSA )?PRIVATE KEY-----\n[\s\S]+\n-----END (?:RSA )?PRIVATE KEY-----$/.test(block)
    ? block
    : undefined;
}, 'expected a private key that begins with -----BEGIN PRIVATE KEY-----');

/** Names separated by commas, without repeats. An empty text is an empty list. */
export const nameList = parsed<string[]>(
  (value) => [...new Set(value.split(',').map((name) => name.trim()))].filter((name) => name !== ''),
  'expected names separated by commas',
);

/** One URL with one of the given schemes, as text. */
export function url(schemes: readonly string[]): z.ZodType<string, string> {
  return parsed(
    (value) => (hasScheme(value, schemes) ? value : undefined),
    `expected a URL that starts with ${schemeList(schemes)}`,
  );
}

/** One or more URLs separated by commas. */
export function urlList(schemes: readonly string[]): z.ZodType<string[], string> {
  return parsed(
    (value) => {
      const urls = value.split(',').map((part) => part.trim());
      return urls.every((one) => hasScheme(one, schemes)) ? urls : undefined;
    },
    `expected one or more URLs separated by commas, each starting with ${schemeList(schemes)}`,
  );
}

/** A switch: `true`, `1`, `yes`, `on` or their opposites. */
export const onOff = parsed<boolean>((value) => {
  if (/^(?:true|1|yes|on)$/i.test(value)) return true;
  return /^(?:false|0|no|off)$/i.test(value) ? false : undefined;
}, 'expected true or false');

/** A switch that any value but the empty one turns on, as the NO_COLOR convention wants. */
export const anyValue = z.string().transform((value) => value !== '');

function hasScheme(value: string, schemes: readonly string[]): boolean {
  const parsedUrl = URL.parse(value);
  return parsedUrl !== null && schemes.includes(parsedUrl.protocol.slice(0, -1)) && value.includes('://');
}

function schemeList(schemes: readonly string[]): string {
  return schemes.map((scheme) => `${scheme}://`).join(' or ');
}

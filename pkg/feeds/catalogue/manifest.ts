import { z } from 'zod';
import { formatDuration, parseDuration } from '#pkg/runtime/quantities.ts';
import { type Read, readJson, wrong } from './mistakes.ts';
import type { Feed, SettingValue } from '../feed.ts';
import { reservedNames } from './parameters.ts';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const graphemes = (text: string): number => [...segmenter.segment(text)].length;

/** The lexicon counts what a reader sees as one character, and bytes. */
const textOf = (least: number, most: number, mostBytes: number) => {
  const message = `must be a text of ${least === 0 ? 'at most' : `${least} to`} ${most} characters`;
  return z
    .string(message)
    .refine(
      (text) => text.trim().length >= least && Buffer.byteLength(text) <= mostBytes && graphemes(text) <= most,
      message,
    );
};

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

const durationOf = (leastMs: number, mostMs: number, example: string) => {
  const message = `must be a time from ${formatDuration(leastMs)} to ${formatDuration(mostMs)}, such as "${example}"`;
  return z.string(message).transform((text, context) => {
    const ms = parseDuration(text);
    if (ms !== undefined && ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });
};

const wholeNumber = (least: number, most: number) => {
  const message = `must be a whole number from ${least} to ${most}`;
  return z.int(message).min(least, message).max(most, message);
};

const flag = z.boolean('must be true or false');
const oneOf = <const T extends readonly [string, ...string[]]>(...values: T) =>
  z.enum(values, `must be ${values.map((value) => `"${value}"`).join(' or ')}`);

const languagesMessage = 'must be "any", "viewer" or a list of languages such as ["en", "pt"]';
const isLanguage = (value: unknown): boolean => typeof value === 'string' && /^[a-z]{2,3}$/.test(value);
const languages = z.custom<Feed['languages']>(
  (value) =>
    value === 'any' ||
    value === 'viewer' ||
    (Array.isArray(value) && value.length > 0 && value.length <= 50 && value.every(isLanguage)),
  languagesMessage,
);

const isText = (value: unknown): boolean => typeof value === 'string' && value.length <= 2_000;
const isNumber = (value: unknown): boolean => typeof value === 'number';
const settingValue = z.custom<SettingValue>(
  (value) =>
    isText(value) ||
    isNumber(value) ||
    typeof value === 'boolean' ||
    (Array.isArray(value) && value.length <= 2_000 && (value.every(isText) || value.every(isNumber))),
  'must be a number, a text, true or false, or a list of texts or of numbers, with at most 2,000 characters or items',
);

const settingName = /^[a-z][a-z0-9_]{0,39}$/;

/** A feed's own parameters, by name. */
const settings = z
  .record(z.string(), settingValue, 'must be an object of names and values')
  .superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      const message = reservedNames.has(name)
        ? 'has a name that is given to every statement; use another'
        : 'has a name that is not made of lower-case letters, digits and _';
      if (reservedNames.has(name) || !settingName.test(name))
        context.addIssue({ code: 'custom', message, path: [name] });
    }
  });

const rkeyPattern = /^[a-z0-9](?:[a-z0-9-]{0,13}[a-z0-9])?$/;

/** What is wrong with the name of a feed's folder; undefined where nothing is. It becomes the record key: clients name the feed by it. */
export const rkeyMistake = (name: string): string | undefined =>
  rkeyPattern.test(name)
    ? undefined
    : `The folder's name is the feed's record key: 1 to 15 lower-case letters, digits and hyphens, not ${JSON.stringify(name)}.`;

const labelMessage = 'must be the value of a label, such as "sexual"';
const label = z.string(labelMessage).regex(/^!?[a-z][a-z-]{0,99}$/, labelMessage);

const fields = {
  displayName: textOf(1, 24, 240),
  description: textOf(0, 300, 3_000).default(''),
  avatar: z
    .string('must be the name of a PNG or JPEG file in the folder')
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/, 'must be the name of a PNG or JPEG file in the folder')
    .optional(),
  languages: languages.default('any'),
  contentMode: oneOf('unspecified', 'video').default('unspecified'),
  acceptsInteractions: flag.default(false),
  visibility: oneOf('public', 'members').default('public'),
  order: oneOf('score', 'time').default('score'),
  publicForm: z
    .string('must be the record key of another feed')
    .regex(rkeyPattern, 'must be the record key of another feed')
    .optional(),
  refresh: durationOf(second / 2, hour, '15s').default(minute),
  keep: durationOf(5 * minute, 24 * hour, '30m').default(30 * minute),
  pageSize: wholeNumber(1, 100).default(50),
  maxPosts: wholeNumber(10, 2_000).default(500),
  replies: flag.default(true),
  perAuthor: wholeNumber(1, 100).optional(),
  labels: z.array(label, 'must be a list of label values').max(10, 'must have at most 10 values').default([]),
  template: z
    .string('must be the name of a template')
    .regex(/^[a-z][a-z0-9-]{0,30}$/, 'must be the name of a template')
    .optional(),
  settings: settings.default({}),
};

const manifestSchema = z.strictObject(fields);

/** What feed.json says, with what it leaves out filled in. Times in milliseconds. */
export type Manifest = z.output<typeof manifestSchema>;

/** Reads the text of a feed.json. */
export const readManifest = (text: string): Read<Manifest> => {
  const read = readJson({ file: 'feed.json', text, fields: Object.keys(fields) }, manifestSchema);
  if (!read.ok) return read;
  const { refresh, keep } = read.value;
  if (keep >= refresh) return read;
  return wrong('feed.json: keep must not be shorter than refresh, or a ranking would be gone before the next is made.');
};

const help = z.string('must say in a sentence what it is for').min(1, 'must say in a sentence what it is for').max(500);

const templateFields = {
  description: help,
  settings: z
    .record(z.string(), z.strictObject({ help, default: settingValue.optional() }), 'must be an object')
    .default({}),
};

const templateSchema = z.strictObject(templateFields);

/** What template.json says: the settings a feed may give; those without a default it must give. */
export type TemplateManifest = z.output<typeof templateSchema>;

/** Reads the text of a template.json. */
export const readTemplateManifest = (text: string): Read<TemplateManifest> =>
  readJson({ file: 'template.json', text, fields: Object.keys(templateFields) }, templateSchema);

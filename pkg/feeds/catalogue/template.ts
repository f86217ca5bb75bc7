import { fileURLToPath } from 'node:url';
import { nearestName } from '#pkg/runtime/nearest.ts';
import type { SettingValue } from '../feed.ts';
import { listFolders, readTextFile } from './files.ts';
import { type Manifest, readTemplateManifest } from './manifest.ts';
import { type Read, wrong } from './mistakes.ts';

/** Where the templates that come with Skyflow are. */
export const templatesDir = fileURLToPath(new URL('../templates', import.meta.url));

/** The largest statement, in bytes. */
export const maxStatementBytes = 65_536;
/** The largest feed.json or template.json. */
export const maxManifestBytes = 262_144;

/** The statements of a feed and what they are given. */
export interface Statements {
  readonly sql: string;
  readonly why: string | undefined;
  readonly settings: Readonly<Record<string, SettingValue>>;
}

/** A trailing semicolon would end the bracket that a statement is put into. */
const trimmed = (sql: string): string => sql.trim().replace(/;$/, '').trimEnd();

/** The statements that lie in a folder, with these settings. */
export const readStatements = async (folder: string, settings: Statements['settings']): Promise<Read<Statements>> => {
  const sql = await readTextFile(folder, 'feed.sql', maxStatementBytes);
  if (sql === undefined) return wrong('There is no feed.sql, and feed.json names no template.');
  if (!sql.ok) return sql;
  const why = await readTextFile(folder, 'why.sql', maxStatementBytes);
  if (why?.ok === false) return why;
  if (trimmed(sql.value) === '') return wrong('feed.sql is empty.');
  return {
    ok: true,
    value: { sql: trimmed(sql.value), why: why === undefined ? undefined : trimmed(why.value), settings },
  };
};

/** The statements of a template, with a feed's settings over the template's own. */
export const readTemplate = async (
  template: string,
  given: Manifest['settings'],
  dir = templatesDir,
): Promise<Read<Statements>> => {
  const names = await listFolders(dir);
  if (!names.ok) return names;
  if (!names.value.includes(template)) {
    const meant = nearestName(template, names.value);
    const known = `Templates are ${names.value.join(', ')}.`;
    return wrong(`There is no template ${template}. ${known}${meant === undefined ? '' : ` Did you mean ${meant}?`}`);
  }
  const folder = `${dir}/${template}`;
  const text = await readTextFile(folder, 'template.json', maxManifestBytes);
  if (text === undefined) return wrong(`The template ${template} has no template.json.`);
  if (!text.ok) return text;
  const manifest = readTemplateManifest(text.value);
  if (!manifest.ok) return manifest;
  const settings = settle(template, given, manifest.value.settings);
  return settings.ok ? readStatements(folder, settings.value) : settings;
};

type Described = Readonly<Record<string, { readonly help: string; readonly default?: SettingValue | undefined }>>;

const kindOf = (value: SettingValue): string => {
  if (!Array.isArray(value))
    return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : 'true or false';
  return value.length === 0 ? 'a list' : typeof value[0] === 'string' ? 'a list of texts' : 'a list of numbers';
};
const areOfOneKind = (a: SettingValue, b: SettingValue): boolean =>
  kindOf(a) === kindOf(b) || (Array.isArray(a) && Array.isArray(b) && (a.length === 0 || b.length === 0));

const settle = (template: string, given: Manifest['settings'], described: Described): Read<Statements['settings']> => {
  const mistakes: string[] = [];
  const settings: Record<string, SettingValue> = {};
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(described, name)) continue;
    const meant = nearestName(name, Object.keys(described));
    mistakes.push(
      `feed.json: the template ${template} has no setting ${name}; it has ${Object.keys(described).join(', ')}.` +
        (meant === undefined ? '' : ` Did you mean ${meant}?`),
    );
  }
  for (const [name, { help, default: usual }] of Object.entries(described)) {
    const value = given[name] ?? usual;
    if (value === undefined) mistakes.push(`feed.json: the template ${template} needs the setting ${name}: ${help}`);
    else if (usual !== undefined && !areOfOneKind(value, usual))
      mistakes.push(`feed.json: settings.${name} must be ${kindOf(usual)} for the template ${template}.`);
    else settings[name] = value;
  }
  return mistakes.length > 0 ? wrong(...mistakes) : { ok: true, value: settings };
};

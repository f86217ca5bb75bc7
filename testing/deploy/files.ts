import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The checkout, with a slash at the end. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The text of a file of the checkout. */
export const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Whether a file or folder of the checkout is there. */
export const isThere = (path: string): boolean => existsSync(join(root, path));

/** All files below a folder of the checkout, as paths from its root; `node_modules` is passed over. */
export const filesBelow = (folder: string): string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === '.git') return [];
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesBelow(path) : [path];
  });

/** Every group of every match: `all(/a(.)/g, 'ab ac')` is `['b', 'c']`. */
export const all = (pattern: RegExp, text: string): string[] =>
  [...text.matchAll(pattern)].flatMap((match) => match.slice(1)).filter((group) => group !== undefined);

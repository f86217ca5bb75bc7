import { readFileSync } from 'node:fs';

/** The text of one of the statements in `pkg/feeds/rules/sql`. */
export const rulesSql = (name: string): string => readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');

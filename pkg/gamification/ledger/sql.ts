import { readFileSync } from 'node:fs';

/** The text of one of the statements in `pkg/gamification/ledger/sql`. */
export const ledgerSql = (name: string): string => readFileSync(new URL(`sql/${name}.sql`, import.meta.url), 'utf8');

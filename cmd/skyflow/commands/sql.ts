import { once } from 'node:events';
import { askSql } from '#pkg/admin/client.ts';
import type { SqlOutcome, SqlProblem, SqlRequest } from '#pkg/admin/protocol.ts';
import { runSql } from '#pkg/admin/run-sql.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { throughLocal } from '../local-store.ts';
import { openScreen } from '../screen.ts';

/** `skyflow sql`: one statement, its output on stdout. */
export const sql = async (options: OptionsOf<'sql'>, query: string): Promise<void> => {
  using screen = openScreen({ ...options, logLevel: options.logLevel === 'info' ? 'warn' : options.logLevel });
  const format = options.format ?? (process.stdout.isTTY ? 'PrettyCompact' : 'TSVWithNames');
  if (!/^[A-Za-z0-9]+$/.test(format)) {
    throw new UserError(`"${format}" is not the name of a format.`, {
      hint: 'For example --format CSVWithNames or JSON.',
    });
  }
  const request: SqlRequest = { query: withoutSemicolon(query), format, write: options.write };
  const outcome = await throughLocal<SqlOutcome>(options, screen.log, {
    ask: (path) => askSql(path, request),
    open: async (stores) => runSql(await stores.clickhouse(), request),
  });
  if (!outcome.ok) throw refused(outcome.problem);
  await print(outcome.output);
};

/** People end statements with one; the engine takes it for an empty second statement. */
const withoutSemicolon = (query: string): string => query.replace(/[\s;]+$/, '');

/** ClickHouse's codes for changing something in a read-only session. */
const readOnlyCode = 164;

const refused = ({ message, code }: SqlProblem): UserError =>
  new UserError(`ClickHouse: ${message}${/[.!?]$/.test(message) ? '' : '.'}`, {
    hint:
      code === readOnlyCode
        ? 'Give --write for a statement that changes data or settings.'
        : 'The tables are listed by: skyflow sql "SHOW TABLES"',
  });

const pieceChars = 256 * 1024;

/** In pieces, each waiting for the reader: a slow one must not make a second copy of everything. */
const print = async (output: string): Promise<void> => {
  const { stdout } = process;
  for (let start = 0; start < output.length; start += pieceChars) {
    if (!stdout.write(output.slice(start, start + pieceChars))) await once(stdout, 'drain');
  }
  if (output !== '' && !output.endsWith('\n')) stdout.write('\n');
};

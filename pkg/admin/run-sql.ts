import type { ClickHouse } from '#pkg/clickhouse/client.ts';
import { clickHouseCode } from '#pkg/clickhouse/errors.ts';
import type { SqlOutcome, SqlProblem, SqlRequest } from './protocol.ts';

/** Statements that only answer go the read-only way even with `write`: the other way returns nothing. */
const answers = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/|\()*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXPLAIN|EXISTS)\b/i;

/** Carries out one statement for a person. A refused statement is an outcome; everything else rejects. */
export const runSql = async (store: ClickHouse, request: SqlRequest): Promise<SqlOutcome> => {
  try {
    if (!request.write || answers.test(request.query)) {
      return { ok: true, output: await store.read(request.query, request.format) };
    }
    await store.command(request.query);
    return { ok: true, output: '' };
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) throw error;
    return { ok: false, problem };
  }
};

/** Undefined for an error that is not ClickHouse's answer: a lost connection, a bug. */
const problemOf = (error: unknown): SqlProblem | undefined => {
  if (!(error instanceof Error)) return undefined;
  const code = clickHouseCode(error) ?? codeInText(error.message);
  return code === undefined ? undefined : { message: sentence(error.message), code };
};

/** What the engine throws for raw statements carries the code in its text only. */
const codeInText = (message: string): number | undefined => {
  const [, code] = /^(?:[A-Za-z ]*: )?Code: (\d+)\. DB::/.exec(message) ?? [];
  return code === undefined ? undefined : Number(code);
};

/** Without the code in front and the version and names behind, on one line. */
const sentence = (message: string): string =>
  message
    .replace(/^[\s\S]*?DB::(?:Exception|NetException|ParsingException): /, '')
    .replace(/\(version [^)]*(?:\([^)]*\))?[^)]*\)\s*$/, '')
    .replace(/\s*\([A-Z][A-Z0-9_]+\)[\s.]*$/, '')
    .replace(/^default: /, '')
    .replace(/\s+/g, ' ')
    .replace(/\?\.$/, '?')
    .trim();

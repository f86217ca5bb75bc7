/** What a statement can hold that may itself hold a semicolon: quotes, comments, dollar quotes. Alternatives never overlap. */
const TOKEN = new RegExp(
  [
    String.raw`'(?:[^'\\]|\\[\s\S]|'')*'`,
    String.raw`"(?:[^"\\]|\\[\s\S]|"")*"`,
    '`(?:[^`\\\\]|\\\\[\\s\\S]|``)*`',
    String.raw`--[^\n]*`,
    String.raw`\/\*[\s\S]*?\*\/`,
    String.raw`(\$[A-Za-z_]*\$)[\s\S]*?\1`,
    ';',
  ].join('|'),
  'g',
);

/**
 * Splits a file into statements, for stores that take one at a time. Semicolons in strings, quoted names and comments do
 * not split; a backslash escapes the next character in a string, as ClickHouse reads it. Statements keep their inner comments; those that are empty, or comments only, are left out.
 */
export function splitStatements(sql: string): string[] {
  const statements: string[] = [];
  let start = 0;
  let hasCode = false;
  let seenTo = 0;
  const end = (at: number) => {
    if (hasCode || sql.slice(seenTo, at).trim() !== '') statements.push(sql.slice(start, at).trim());
  };
  for (const match of sql.matchAll(TOKEN)) {
    if (sql.slice(seenTo, match.index).trim() !== '') hasCode = true;
    const token = match[0];
    if (token === ';') {
      seenTo = match.index;
      end(match.index);
      start = match.index + 1;
      hasCode = false;
    } else if (!token.startsWith('--') && !token.startsWith('/*')) {
      hasCode = true;
    }
    seenTo = match.index + token.length;
  }
  end(sql.length);
  return statements;
}

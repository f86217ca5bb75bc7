/** A statement with its values, not yet run. */
export interface Statement {
  readonly text: string;
  readonly params: readonly unknown[];
}

const texts = new Map<string, string>();

/**
 * One statement of several that write different tables: one way to the server and back instead of one each. All see the tables
 * as they were before, and none says what it wrote. Their texts are ours, fixed, and few: each combination is put together once.
 */
export function together(statements: readonly Statement[]): Statement {
  const key = statements.map(({ text }) => text).join('\u0000');
  let text = texts.get(key);
  if (text === undefined) {
    text = inOne(statements);
    texts.set(key, text);
  }
  return { text, params: statements.flatMap(({ params }) => params) };
}

function inOne(statements: readonly Statement[]): string {
  let before = 0;
  const parts = statements.map(({ text, params }, at) => {
    const shift = before;
    before += params.length;
    const moved = text.replaceAll(/\$(\d+)/g, (_, place: string) => `$${Number(place) + shift}`);
    return `part_${at} AS (\n${moved.trim()}\n)`;
  });
  return `WITH ${parts.join(',\n')}\nSELECT 1`;
}

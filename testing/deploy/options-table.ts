import { COMMAND_NAMES } from '#pkg/runtime/commands.ts';
import { optionsOfCommand } from '#pkg/runtime/read-options.ts';

/** The lines of docs/operations.md between which the table of options stands. */
export const tableMarks = [
  '<!-- options: made by testing/deploy/write-options-table.ts -->',
  '<!-- /options -->',
] as const;

interface Row {
  env: string;
  flag: string;
  fallback: string;
  help: string;
  commands: string[];
}

/** A `|` would end the cell. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** Every variable with its flag, default, meaning and commands, as a Markdown table. One row a variable. */
export const optionsTable = (): string => {
  const rows = new Map<string, Row>();
  for (const command of COMMAND_NAMES) {
    for (const { name, spec, env, default: own, required } of optionsOfCommand(command)) {
      const fallback = required ? 'required' : (spec.defaultText ?? own ?? '');
      const key = `${env} ${fallback}`;
      const row = rows.get(key) ?? {
        env,
        flag: spec.environmentOnly === true ? '' : `\`--${name}\``,
        fallback,
        help: spec.help,
        commands: [],
      };
      row.commands.push(command);
      rows.set(key, row);
    }
  }
  const lines = [...rows.values()].map(({ env, flag, fallback, help, commands }) => {
    const where = commands.length === COMMAND_NAMES.length ? 'all' : commands.join(', ');
    return `| \`${env}\` | ${flag} | ${cell(fallback)} | ${cell(help)} | ${where} |`;
  });
  return ['| Variable | Flag | Default | Meaning | Commands |', '|---|---|---|---|---|', ...lines].join('\n');
};

/** `document` with its table of options made anew. */
export const withOptionsTable = (document: string): string => {
  const [start, end] = tableMarks.map((mark) => document.indexOf(mark));
  if (start === undefined || end === undefined || start < 0 || end < start) {
    throw new Error(`the document has no ${tableMarks.join(' ... ')}`);
  }
  return `${document.slice(0, start + tableMarks[0].length)}\n\n${optionsTable()}\n\n${document.slice(end)}`;
};

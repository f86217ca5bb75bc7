import { dirname, join, normalize } from 'node:path/posix';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { COMMAND_NAMES } from '#pkg/runtime/commands.ts';
import { knownVariables } from '#pkg/runtime/environment.ts';
import { buildProgram, type CommandHandlers, runProgram } from '#pkg/runtime/program.ts';
import { all, filesBelow, isThere, read } from './files.ts';
import { withOptionsTable } from './options-table.ts';

const topLevel = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'];
const documents = [...topLevel, ...filesBelow('docs').filter((file) => file.endsWith('.md'))];
const operations = read('docs/operations.md');

/** A document without its code blocks. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

/** The name that GitHub gives to a heading as the target of a link. */
const anchorsOf = (text: string): string[] =>
  all(/^#+ (.+)$/gm, prose(text)).map((title) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Source of the program and of its bootstrap, tests left out. */
const source = ['pkg', 'cmd', 'scripts']
  .flatMap(filesBelow)
  .filter((file) => /\.(?:ts|mjs)$/.test(file) && !file.endsWith('.test.ts'))
  .map(read)
  .join('\n');

describe.each(documents)('%s', (file) => {
  const text = read(file);

  test('every link leads somewhere', () => {
    for (const target of all(/\]\(([^)\s]+)\)/g, prose(text))) {
      if (/^https?:/.test(target)) continue;
      const [path = '', anchor] = target.split('#');
      const found = path === '' ? file : normalize(join(dirname(file), path));
      expect(isThere(found), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(read(found)), target).toContain(anchor);
    }
  });

  test('every file it names is there', () => {
    const folders = 'cmd|pkg|testing|migrations|scripts|docs|deploy|proto';
    for (const path of all(new RegExp(`\`((?:${folders})(?:/[\\w./-]+)?)\``, 'g'), text))
      expect(isThere(path), path).toBe(true);
  });

  test('every variable it names is known', () => {
    for (const name of all(/\b(SKYFLOW_[A-Z_]+[A-Z])\b/g, text)) expect(knownVariables(), name).toContain(name);
  });
});

/** The words of a command line; double quotes keep spaces together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');

/** Every command line for `skyflow` in a document, as the words after the program's name. */
const skyflowLines = (text: string): string[][] => {
  const scripts: Readonly<Record<string, string[]>> = { start: ['up'], demo: ['demo'], 'run demo': ['demo'] };
  const found: string[][] = [];
  const lines = [
    ...all(/`((?:npm|skyflow|docker|just|npx)[^`\n]*)`/g, prose(text)),
    ...all(/^```sh\n([\s\S]*?)^```$/gm, text)
      .join('\n')
      .split('\n'),
  ];
  for (const line of lines) {
    const bare = line.replace(/\s+#.*$/, '').replace(/ \.\.\.$/, '');
    const [, script, rest = ''] = /^npm (start|run demo)(?: -- (.*))?$/.exec(bare) ?? [];
    if (script !== undefined) found.push([...(scripts[script] ?? []), ...wordsOf(rest)]);
    const [, direct] =
      /^(?:npm run skyflow -- |skyflow |docker compose exec indexer node cmd\/skyflow\/main\.ts )(.*)$/.exec(bare) ??
      [];
    if (direct !== undefined) found.push(wordsOf(direct));
  }
  return found;
};

describe('the commands in the documents', () => {
  const stubs = Object.fromEntries(COMMAND_NAMES.map((name) => [name, () => Promise.resolve()])) as CommandHandlers;

  test.each(documents)('%s: skyflow takes them', async (file) => {
    for (const words of skyflowLines(read(file))) {
      const program = buildProgram(stubs, { version: '0', environment: {}, write: () => undefined });
      await expect(runProgram(program, words), words.join(' ')).resolves.toBeUndefined();
    }
  });

  test('are found by this test', () => {
    expect(skyflowLines(read('README.md'))).toContainEqual(['status']);
    expect(skyflowLines(operations).length).toBeGreaterThan(6);
  });

  test.each(documents)('%s: npm has the scripts, just the recipes, Node the files', (file) => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const text = read(file);
    for (const name of all(/npm run (\w+)/g, text)) expect(Object.keys(scripts), name).toContain(name);
    for (const path of all(/(?:`|^|npx )node ((?:scripts|testing)\/[\w./-]+)/gm, text))
      expect(isThere(path), path).toBe(true);
    for (const name of all(/npx just ([a-z][\w-]*)/g, text)) {
      expect(read('justfile'), name).toMatch(new RegExp(`^${name}\\b[^\\n]*:`, 'm'));
    }
  });
});

/** The formatter fills table cells with spaces. */
const unpadded = (text: string): string => text.replace(/ *\| */g, '|').replace(/-{3,}/g, '---');

describe('docs/operations.md', () => {
  test('has the table of options as it is: else run testing/deploy/write-options-table.ts', () => {
    expect(unpadded(operations)).toBe(unpadded(withOptionsTable(operations)));
    for (const name of knownVariables()) expect(operations, name).toContain(`\`${name}`);
  });

  test('has every metric, and none that is not there', () => {
    const registered = new Set(all(/'(skyflow_[a-z_]+)'/g, source));
    expect(registered.size).toBeGreaterThan(5);
    expect(new Set(all(/^\| `(skyflow_[a-z_]+)` +\|/gm, operations))).toEqual(registered);
  });

  test('has every reason of a drop and of a gap', async () => {
    const { dropReasons } = await import('#pkg/indexer/records/types.ts');
    const schema = read('migrations/clickhouse/0006_raw_and_ledgers.up.sql');
    const gapReasons = all(/'(\w+)' = \d/g, /reason Enum8\((.*)\)/.exec(schema)?.[1] ?? '');
    expect(gapReasons.length).toBeGreaterThan(2);
    for (const reason of [...dropReasons, ...gapReasons]) expect(operations).toContain(`\`${reason}\``);
  });

  test('explains messages that the program really has', () => {
    const table = /### What the messages mean\n([\s\S]*?)\n### /.exec(operations)?.[1] ?? '';
    const messages = all(/^\| `([^`]+)` +\|/gm, table);
    expect(messages.length).toBeGreaterThan(20);
    for (const message of messages) expect(source.includes(message), message).toBe(true);
  });
});

describe('deploy/prometheus/alerts.yml', () => {
  const alerts = parse(read('deploy/prometheus/alerts.yml')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };

  test('asks for metrics that exist', () => {
    const rules = alerts.groups.flatMap((group) => group.rules);
    expect(rules.length).toBeGreaterThan(3);
    for (const { expr, annotations } of rules) {
      const names = all(/\b((?:skyflow|events|realtime|dlq)_[a-z_]+)/g, expr);
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) expect(source).toContain(`'${name}'`);
      expect(annotations.summary).not.toBe('');
    }
  });
});

describe('the invariants', () => {
  test('each names tests that exist, by file and by words that stand in it', () => {
    const text = read('docs/invariants.md');
    const rows = [...text.matchAll(/^- `([^`]+\.test\.ts)`: (.+)$/gm)];
    expect(rows.length).toBeGreaterThan(5);
    const numbered = text.split(/^(?=## \d+\.)/m).slice(1);
    expect(numbered.length).toBe(27);
    for (const section of numbered) expect(section, section).toMatch(/^- `[^`]+\.test\.ts`: "|There is no .* yet/m);
    for (const [, file = '', title = ''] of rows) {
      expect(isThere(file), file).toBe(true);
      for (const words of all(/"([^"]+)"/g, title)) expect(read(file), `${file}: ${words}`).toContain(words);
    }
  });
});

describe('the decisions', () => {
  const files = filesBelow('docs/decisions');

  test('are numbered, titled and have their three parts', () => {
    for (const file of files) {
      const [, number] = /^docs\/decisions\/(\d{4})-[a-z0-9-]+\.md$/.exec(file) ?? [];
      expect(number, file).toBeDefined();
      expect(read(file), file).toMatch(new RegExp(`^# ${number}: .+\n`));
      for (const part of ['Context', 'Decision', 'Consequence']) expect(read(file), file).toContain(`**${part}.**`);
    }
    expect(new Set(files.map((file) => file.slice(15, 19))).size).toBe(files.length);
  });
});

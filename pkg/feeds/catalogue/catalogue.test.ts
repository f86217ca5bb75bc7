import { mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ManualClock } from '#pkg/runtime/clock.ts';
import { createLogger } from '#pkg/runtime/log.ts';
import { createCatalogue } from './catalogue.ts';
import { checkFeeds } from './check-feeds.ts';

let root: string;
let [oursDir, feedsDir, templates] = ['', '', ''];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'skyflow-catalogue-'));
  [oursDir, feedsDir, templates] = [join(root, 'ours'), join(root, 'feeds'), join(root, 'templates')];
  for (const dir of [oursDir, feedsDir, templates]) await mkdir(dir);
});
afterEach(() => rm(root, { recursive: true, force: true }));

const statement = 'SELECT actor_id, tid, 1 AS score FROM posts';
const drop = async (dir: string, files: Record<string, string | Buffer | object>): Promise<string> => {
  await mkdir(dir, { recursive: true });
  for (const [name, content] of Object.entries(files))
    await writeFile(
      join(dir, name),
      typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content),
    );
  return dir;
};
const good = { 'feed.json': { displayName: 'Cats' }, 'feed.sql': `${statement};\n` };

const open = async () => {
  const clock = new ManualClock();
  const lines: { msg: string; folder?: string }[] = [];
  const log = createLogger({ level: 'info', write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) });
  const catalogue = await createCatalogue({ oursDir, feedsDir, templates, clock, log });
  const stop = new AbortController();
  const running = Promise.all(catalogue.services.map((service) => service.run(stop.signal)));
  /** Two looks: the second begins when the first is over. */
  const look = async (): Promise<void> => {
    for (let round = 0; round < 2; round += 1) {
      while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(2_000);
      while (clock.sleeping === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const close = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { catalogue, look, lines, [Symbol.asyncDispose]: close };
};

test("ours and the operator's are there from the start", async () => {
  await drop(join(oursDir, 'hot'), good);
  await drop(join(feedsDir, 'cats'), { ...good, 'why.sql': "SELECT 'a' AS name" });
  await writeFile(join(feedsDir, 'README.md'), 'not a feed');
  await mkdir(join(feedsDir, '.git'));
  await using opened = await open();
  const { catalogue } = opened;
  expect(catalogue.feeds().map(({ rkey, origin }) => [rkey, origin])).toEqual([
    ['hot', 'skyflow'],
    ['cats', 'operator'],
  ]);
  expect(catalogue.find('cats')).toMatchObject({
    displayName: 'Cats',
    sql: statement,
    why: "SELECT 'a' AS name",
    personal: false,
    asksMembers: false,
    avatar: undefined,
    folder: join(feedsDir, 'cats'),
  });
  expect(catalogue.find('dogs')).toBeUndefined();
  expect(catalogue.problems()).toEqual([]);
});

describe('while it runs', () => {
  test('a folder comes, changes, breaks, is mended and goes', async () => {
    await using opened = await open();
    const { catalogue, look, lines } = opened;
    const folder = join(feedsDir, 'cats');
    await drop(folder, good);
    await look();
    const first = catalogue.find('cats');
    expect(first?.displayName).toBe('Cats');

    await drop(folder, { 'feed.json': { displayName: 'Dogs' } });
    await look();
    expect(catalogue.find('cats')?.displayName).toBe('Dogs');
    expect(catalogue.find('cats')?.fingerprint).not.toBe(first?.fingerprint);

    await drop(folder, { 'feed.json': '{"displayName": "Birds"' });
    await look();
    await look();
    expect(catalogue.find('cats')?.displayName).toBe('Dogs');
    expect(catalogue.problems()).toEqual([{ folder, mistakes: [expect.stringContaining('no valid JSON')] }]);
    expect(lines.filter(({ msg }) => msg === 'a feed has mistakes')).toHaveLength(1);

    await drop(folder, good);
    await look();
    expect(catalogue.problems()).toEqual([]);
    expect(catalogue.find('cats')?.fingerprint).toBe(first?.fingerprint);

    await rm(folder, { recursive: true });
    await look();
    expect(catalogue.feeds()).toEqual([]);
  });

  test('a change that keeps size and time is noticed', async () => {
    const folder = await drop(join(feedsDir, 'cats'), good);
    const at = new Date(1_700_000_000_000);
    await utimes(join(folder, 'feed.json'), at, at);
    await using opened = await open();
    await drop(folder, { 'feed.json': { displayName: 'Dogs' } });
    await utimes(join(folder, 'feed.json'), at, at);
    await opened.look();
    expect(opened.catalogue.find('cats')?.displayName).toBe('Dogs');
  });

  test('the folder of feeds may come later, and what was read stays while it is away', async () => {
    await rm(feedsDir, { recursive: true });
    await using opened = await open();
    const { catalogue, look } = opened;
    expect(catalogue.problems()).toEqual([{ folder: feedsDir, mistakes: [expect.stringContaining('does not exist')] }]);
    await drop(join(feedsDir, 'cats'), good);
    await look();
    expect(catalogue.find('cats')).toBeDefined();
    await rename(feedsDir, `${feedsDir}-away`);
    await look();
    expect(catalogue.find('cats')).toBeDefined();
    expect(catalogue.problems()).toHaveLength(1);
  });

  test('a public form that goes takes nothing along', async () => {
    const personal = {
      'feed.json': { displayName: 'Mine', publicForm: 'cats' },
      'feed.sql': `${statement} WHERE actor_id = {viewer:UInt64}`,
    };
    await drop(join(feedsDir, 'mine'), personal);
    const folder = await drop(join(feedsDir, 'cats'), good);
    await using opened = await open();
    expect(opened.catalogue.find('mine')).toMatchObject({ personal: true, publicForm: 'cats' });
    await rm(folder, { recursive: true });
    await opened.look();
    expect(opened.catalogue.find('mine')).toMatchObject({ personal: true, publicForm: undefined });
    expect(opened.catalogue.problems()[0]?.mistakes[0]).toContain('no such feed');
  });
});

/** The mistakes of one folder. */
const mistakesOf = async (files: Record<string, string | Buffer | object>, name = 'cats'): Promise<string> => {
  await drop(join(feedsDir, name), files);
  const { feeds } = await checkFeeds(feedsDir, { templates });
  return feeds.flatMap(({ mistakes }) => mistakes).join('\n');
};

describe('a folder with a mistake', () => {
  const json = good['feed.json'];
  test.each<[string, Record<string, string | Buffer | object>, string]>([
    ['no feed.json', { 'feed.sql': statement }, 'There is no feed.json in this folder.'],
    ['no feed.sql', { 'feed.json': json }, 'There is no feed.sql, and feed.json names no template.'],
    ['an empty feed.sql', { ...good, 'feed.sql': ' \n' }, 'feed.sql is empty.'],
    ['a huge feed.sql', { ...good, 'feed.sql': 'x'.repeat(65_537) }, 'feed.sql is larger than 65,536 bytes.'],
    ['no text', { ...good, 'feed.sql': Buffer.from([0xff, 0xfe]) }, 'feed.sql is no UTF-8 text.'],
    ['an avatar that is none', { ...good, 'avatar.png': '<svg/>' }, 'avatar.png is neither a PNG nor a JPEG.'],
    [
      'an avatar that is not there',
      { ...good, 'feed.json': { ...json, avatar: 'me.png' } },
      'names me.png, which is not in the folder.',
    ],
    ['a huge avatar', { ...good, 'avatar.png': Buffer.alloc(1_000_001) }, 'avatar.png is larger than 1,000,000 bytes.'],
    [
      'a setting of no use',
      { ...good, 'feed.json': { ...json, settings: { hours: 1 } } },
      'nothing uses the setting hours.',
    ],
    [
      'viewer_langs alone',
      { ...good, 'feed.sql': 'SELECT {viewer_langs:Array(String)}' },
      'Set languages to "viewer" instead.',
    ],
    [
      'a public form of a shared feed',
      { ...good, 'feed.json': { ...json, publicForm: 'x' } },
      'this one is the same for all.',
    ],
    ['an unknown template', { 'feed.json': { ...json, template: 'keywrd' } }, 'There is no template keywrd.'],
  ])('%s', async (_, files, sentence) => {
    expect(await mistakesOf(files)).toContain(sentence);
  });

  test('a name that is no record key', async () => {
    expect(await mistakesOf(good, 'My Cats')).toContain(
      '1 to 15 lower-case letters, digits and hyphens, not "My Cats"',
    );
  });

  test('the name of one of ours', async () => {
    await drop(join(oursDir, 'hot'), good);
    await drop(join(feedsDir, 'hot'), good);
    await using opened = await open();
    expect(opened.catalogue.find('hot')?.origin).toBe('skyflow');
    expect(opened.catalogue.problems()[0]?.mistakes).toEqual([
      expect.stringContaining('Skyflow has a feed hot itself.'),
    ]);
    const report = await checkFeeds(feedsDir, { others: opened.catalogue.feeds() });
    expect(report.feeds[0]?.mistakes).toEqual([expect.stringContaining('Skyflow has a feed hot itself.')]);
  });

  test('links out of the folder', async () => {
    const folder = await drop(join(feedsDir, 'cats'), { 'feed.json': json });
    await writeFile(join(root, 'secret.sql'), statement);
    await symlink(join(root, 'secret.sql'), join(folder, 'feed.sql'));
    await drop(join(root, 'elsewhere'), good);
    await symlink(join(root, 'elsewhere'), join(feedsDir, 'linked'));
    const { feeds } = await checkFeeds(feedsDir);
    expect(feeds.map(({ rkey, mistakes }) => [rkey, mistakes])).toEqual([
      ['cats', ['feed.sql is a link out of the folder. Put the file itself there.']],
      ['linked', ['The folder is a link to somewhere else. Put the folder itself here.']],
    ]);
  });

  test('links within it are followed', async () => {
    const folder = await drop(join(feedsDir, 'cats'), { 'feed.json': json, 'v1.sql': statement });
    await symlink('v1.sql', join(folder, 'feed.sql'));
    expect((await checkFeeds(feedsDir)).feeds[0]?.feed?.sql).toBe(statement);
  });

  test('files that cannot be read', async () => {
    const folder = await drop(join(feedsDir, 'cats'), { 'feed.json': json });
    await symlink('feed.sql', join(folder, 'feed.sql'));
    expect((await checkFeeds(feedsDir)).feeds[0]?.mistakes).toEqual([
      'feed.sql cannot be read: it is a link to itself.',
    ]);
  });
});

test('an avatar is found by its usual names and by its first bytes', async () => {
  const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0]);
  const folder = await drop(join(feedsDir, 'cats'), { ...good, 'avatar.jpg': jpeg });
  const before = (await checkFeeds(feedsDir)).feeds[0]?.feed;
  expect(before?.avatar).toBe(join(folder, 'avatar.jpg'));
  await drop(folder, { 'avatar.jpg': Buffer.concat([jpeg, jpeg]) });
  expect((await checkFeeds(feedsDir)).feeds[0]?.feed?.fingerprint).not.toBe(before?.fingerprint);
});

describe('a template', () => {
  const manifest = {
    description: 'Posts with words.',
    settings: { words: { help: 'The words.' }, hours: { help: 'How old.', default: 24 } },
  };
  const sql = 'SELECT 1 AS score, {words:Array(String)} AS uri, {hours:UInt32} AS h';
  const feed = (settings: object) => ({ 'feed.json': { displayName: 'Cats', template: 'keyword', settings } });
  beforeEach(() => drop(join(templates, 'keyword'), { 'template.json': manifest, 'feed.sql': sql }));

  test('brings the statement and what is left out', async () => {
    await drop(join(feedsDir, 'cats'), feed({ words: ['cat'] }));
    const { feeds } = await checkFeeds(feedsDir, { templates });
    expect(feeds[0]).toMatchObject({ mistakes: [], feed: { sql, settings: { words: ['cat'], hours: 24 } } });
  });

  test.each<[object, string]>([
    [{}, 'the template keyword needs the setting words: The words.'],
    [{ words: ['x'], hous: 1 }, 'the template keyword has no setting hous; it has words, hours. Did you mean hours?'],
    [{ words: ['x'], hours: 'x' }, 'settings.hours must be a number for the template keyword.'],
    [{ words: 'x' }, "feed.sql uses {words:Array(String)}, but the setting's value is no Array(String)."],
  ])('%j', async (settings, sentence) => {
    expect(await mistakesOf(feed(settings))).toContain(sentence);
  });

  test('and a statement of its own are one too many', async () => {
    expect(await mistakesOf({ ...feed({ words: ['x'] }), 'feed.sql': statement })).toContain('Remove one of them.');
  });
});

test('checking takes a folder of feeds or one feed', async () => {
  const folder = await drop(join(feedsDir, 'cats'), good);
  for (const dir of [feedsDir, folder])
    expect(await checkFeeds(dir)).toMatchObject({
      mistakes: [],
      statementsChecked: false,
      feeds: [{ rkey: 'cats', mistakes: [] }],
    });
  expect((await checkFeeds(join(root, 'nothing'))).mistakes[0]).toContain('does not exist');
  expect((await checkFeeds(templates)).mistakes[0]).toContain('There are no feeds in this folder.');
});

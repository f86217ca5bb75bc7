import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { type Account, findPublisher, type SignedIn, signIn } from '#pkg/feeds/publish/account.ts';
import { type Change, publishFeed, type Published, unpublishFeed } from '#pkg/feeds/publish/publish.ts';
import type { Publishable } from '#pkg/feeds/publish/record.ts';
import { createDirectory } from '#pkg/identity/directory.ts';
import { createSafeFetch } from '#pkg/identity/safe-fetch.ts';
import { systemClock } from '#pkg/runtime/clock.ts';
import { UserError } from '#pkg/runtime/errors.ts';
import { nearestName } from '#pkg/runtime/nearest.ts';
import type { OptionsOf } from '#pkg/runtime/options.ts';
import { askOperator, drawing, quietScreen } from '../feeds/ask.ts';
import { confirm, readPassword } from '../feeds/password.ts';
import { changeText, outcomeText, unreachable } from '../feeds/publish-text.ts';
import { publicNames } from '../public-names.ts';
import type { Screen } from '../screen.ts';

type Publishing = OptionsOf<'feeds publish' | 'feeds unpublish'>;

/** A picture may take a while over a slow line. */
const timeoutMs = 30_000;

/** `skyflow feeds publish` */
export const publish = async (options: OptionsOf<'feeds publish'>, rkeys: readonly string[]): Promise<void> => {
  using screen = quietScreen(options);
  const described = await askOperator(options, screen, { action: 'describe' }, 'looking');
  const feeds = choose(described.feeds, rkeys, options.all);
  const serviceDid = serviceDidOf(options, described);
  const warning = unreachable(serviceDid);
  if (warning !== undefined) process.stderr.write(`Warning: ${warning}\n`);
  if (serviceDid !== described.serviceDid) process.stderr.write(`Warning: ${otherName(serviceDid, described)}\n`);
  await using account = await open(options, screen);
  const outcomes: (Published & { rkey: string; changes: readonly string[] })[] = [];
  for (const feed of feeds) {
    const changes: string[] = [];
    const approve = (change: Change) => (changes.push(...change.lines), approval(options, change));
    const outcome = await publishFeed({ agent: account.agent, feed, serviceDid, approve });
    // Also where nothing was written: another machine, or an older database, may not know of it.
    if (outcome.state !== 'declined') {
      const { cid } = outcome;
      const request = { action: 'published', rkey: feed.rkey, publisherDid: account.did, cid } as const;
      await askOperator(options, screen, request, 'recording');
    }
    outcomes.push({ ...outcome, rkey: feed.rkey, changes });
    if (!options.json && !(options.dryRun && outcome.state === 'declined')) {
      process.stdout.write(outcomeText(feed.rkey, outcome));
    }
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ serviceDid, feeds: outcomes })}\n`);
};

/** `skyflow feeds unpublish` */
export const unpublish = async (options: OptionsOf<'feeds unpublish'>, rkey: string): Promise<void> => {
  using screen = quietScreen(options);
  await using account = await open(options, screen);
  const outcome = await unpublishFeed({ agent: account.agent, rkey, approve: (change) => approval(options, change) });
  if (outcome.state !== 'declined') {
    await askOperator(options, screen, { action: 'unpublished', rkey, publisherDid: account.did }, 'recording');
  }
  process.stdout.write(options.json ? `${JSON.stringify({ rkey, ...outcome })}\n` : outcomeText(rkey, outcome));
};

/** Shows the change; whether to make it. */
const approval = async (options: Publishing, change: Change): Promise<boolean> => {
  // With --json, stdout is for programs.
  const output = options.json ? process.stderr : process.stdout;
  output.write(changeText(change, drawing(options)));
  if (options.dryRun) return false;
  if (options.yes) return true;
  return confirm(change.kind === 'delete' ? `Delete the record of ${change.rkey}?` : 'Write this?');
};

/** Finds the account, asks for the password, signs in. */
const open = async (options: Publishing, screen: Screen): Promise<SignedIn> => {
  const { plcUrl, allowPrivateHosts: allowPrivate } = options;
  const account = options.account ?? '';
  screen.live.update(`looking for ${account} …`);
  const found: Account = await findPublisher(
    account,
    createDirectory({ clock: systemClock, plcUrl, allowPrivate }),
  ).finally(() => screen.live.update(''));
  const password = await readPassword(options.passwordFile, found.handle ?? found.did);
  screen.live.update('signing in …');
  const fetch = createSafeFetch({ allowPrivate, timeoutMs });
  return signIn(found, password, fetch).finally(() => screen.live.update(''));
};

/** What was typed wins; else what the running process calls itself. */
const serviceDidOf = (options: Publishing, described: FeedsAnswer<'describe'>): string => {
  const { publicUrl, serviceDid } = options;
  if (publicUrl === undefined && serviceDid === undefined) return described.serviceDid;
  return publicNames({ publicUrl: publicUrl ?? described.publicUrl, serviceDid }, 0).serviceDid;
};

/** A record that names somebody else sends the AppView there. */
const otherName = (serviceDid: string, described: FeedsAnswer<'describe'>): string =>
  `the records will name ${serviceDid}, but here Skyflow runs as ${described.serviceDid}. Start it with the same --public-url, or requests will be refused.`;

const choose = (described: FeedsAnswer<'describe'>['feeds'], rkeys: readonly string[], all: boolean): Publishable[] => {
  const feeds = described.map((feed) => ({ ...feed, avatar: feed.avatar ?? undefined }));
  if (all && rkeys.length > 0) {
    throw new UserError('Feeds are named, and --all is given too.', { hint: 'Give the one or the other.' });
  }
  if (all) return feeds;
  if (rkeys.length === 0) {
    throw new UserError('No feed is named.', {
      hint: `Name some of ${feeds.map(({ rkey }) => rkey).join(', ')}, or give --all.`,
    });
  }
  return [...new Set(rkeys)].map((rkey) => {
    const feed = feeds.find((one) => one.rkey === rkey);
    if (feed !== undefined) return feed;
    const guess = nearestName(
      rkey,
      feeds.map((one) => one.rkey),
    );
    throw new UserError(`There is no feed ${rkey}.`, {
      hint: guess === undefined ? 'They are listed by: skyflow feeds list' : `Did you mean ${guess}?`,
    });
  });
};

'use strict';

// The section of the feeds; comes before status.js in the same script and uses its helpers, once something has been fetched.

/** What is public of the feeds, asked for now and then: it says more than the status and changes less. */
const feeds = { all: [], askedAt: -Infinity, drawn: '', lines: new Map() };
const feedsEveryMs = 15_000;

const element = (name, content, className = '') => {
  const node = document.createElement(name);
  node.className = className;
  node.append(content);
  return node;
};

const nameList = (list, most = 5) =>
  list.length > most ? `${list.slice(0, most).join(', ')} and ${list.length - most} more` : list.join(', ');

const ageOf = (iso) => `${span(Math.max(0, Date.now() - Date.parse(iso)) / 1000)} old`;

const feedLine = ({ health, personal }, ailing) => {
  if (personal) return 'personal: made for each reader';
  const because = ailing === undefined || ailing.error === null ? '' : ` · ${ailing.error}`;
  const rankedAt = ailing === undefined ? health.ranked_at : ailing.rankedAt;
  if (rankedAt === null) return ailing === undefined ? 'not made yet' : `could not be made yet${because}`;
  const posts = `shared · ${count(health.posts)} posts · ${ageOf(rankedAt)}`;
  return ailing === undefined ? posts : `stale: ${posts}${because}`;
};

const feedPicture = ({ avatar, rkey }) => {
  if (avatar === null) return element('span', '', 'blank');
  const picture = document.createElement('img');
  // Not its full address: that has the server's public name, which need not be the one of this page.
  picture.src = `/api/v1/feeds/${rkey}/avatar`;
  picture.alt = '';
  return picture;
};

const feedItem = (feed) => {
  const item = element('li', feedPicture(feed), 'feed');
  const line = element('p', '');
  const words = element('div', element('p', feed.display_name));
  words.append(line);
  item.append(words);
  feeds.lines.set(feed.rkey, line);
  if (feed.syndication === null) return item;
  const link = element('a', 'RSS');
  link.href = `/feeds/${feed.rkey}.rss`;
  link.setAttribute('aria-label', `${feed.display_name} as RSS`);
  item.append(link);
  return item;
};

const askFeeds = async () => {
  if (performance.now() - feeds.askedAt < feedsEveryMs) return;
  feeds.askedAt = performance.now();
  const response = await fetch('/api/v1/feeds', { signal: AbortSignal.timeout(5000) });
  // Too many requests, say: what is known stays.
  if (response.ok) feeds.all = (await response.json()).feeds;
};

/** Made anew only when there are others: pictures would flicker. */
const drawFeeds = () => {
  const form = JSON.stringify(feeds.all.map((feed) => ({ ...feed, health: null })));
  if (form === feeds.drawn) return;
  feeds.drawn = form;
  feeds.lines.clear();
  el('feed-list').replaceChildren(...feeds.all.map(feedItem));
};

globalThis.paintFeeds = async (s) => {
  if (s.feeds === undefined) return;
  await askFeeds().catch(() => undefined);
  drawFeeds();
  const stale = new Map(s.feeds.stale.map((one) => [one.rkey, one]));
  for (const feed of feeds.all) {
    const line = feeds.lines.get(feed.rkey);
    const words = feedLine(feed, stale.get(feed.rkey));
    if (line.textContent !== words) line.textContent = words;
    line.title = words;
    line.className = stale.has(feed.rkey) ? 'warn' : '';
  }
  // Before the list is known nobody can say which of them are missing from it.
  const others = feeds.all.length === 0 ? [] : [...stale.keys()].filter((rkey) => !feeds.lines.has(rkey));
  const notes = [
    others.length === 0 ? '' : `Stale, for members only: ${nameList(others)}.`,
    s.feeds.broken.length === 0 ? '' : `With mistakes: ${nameList(s.feeds.broken)}. Ask: skyflow feeds check`,
  ];
  text('feeds-note', notes.filter((note) => note !== '').join(' '));
  show('feeds-note', el('feeds-note').textContent !== '');
  show('feeds', feeds.all.length > 0 || s.feeds.broken.length > 0);
};

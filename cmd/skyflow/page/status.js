'use strict';

const el = (id) => document.getElementById(id);
const count = (value) => Math.round(value).toLocaleString('en-US');

const rate = (value) => (value >= 10 || value === 0 ? count(value) : value.toFixed(1));

const bytes = (value) => {
  for (const unit of ['B', 'KB', 'MB', 'GB', 'TB']) {
    if (value < 1024 || unit === 'TB')
      return `${value < 10 && unit !== 'B' ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= 1024;
  }
};

const span = (seconds) => {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.round(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
};

const time = (iso) => new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

const text = (id, value) => {
  if (el(id).textContent !== value) el(id).textContent = value;
};

const show = (id, visible) => {
  el(id).hidden = !visible;
};

/** The points of a series in a box, as the corners of a path; scaled to `top`. */
const corners = (series, top, { width, height }) => {
  const step = width / Math.max(1, series.length - 1);
  return series.map((value, index) => {
    const y = height - 2 - (Math.min(value, top) / top) * (height - 6);
    return `${(index * step).toFixed(1)},${y.toFixed(1)}`;
  });
};

const draw = (line, area, series, box) => {
  const top = Math.max(1, ...series) * 1.05;
  const points = corners(series, top, box);
  const path = series.length < 2 ? '' : `M${points.join('L')}`;
  line.setAttribute('d', path);
  area.setAttribute('d', path === '' ? '' : `${path}L${box.width},${box.height}L0,${box.height}Z`);
};

const svg = (name, attributes = {}) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
};

const cell = (content, className = '') => {
  const td = document.createElement('td');
  td.className = className;
  td.append(content);
  return td;
};

const row = (...cells) => {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
};

const fill = (id, rows) =>
  el(id)
    .querySelector('tbody')
    .replaceChildren(...rows);

const names = {
  post: 'posts',
  like: 'likes',
  repost: 'reposts',
  follow: 'follows',
  block: 'blocks',
  profile: 'profiles',
  list: 'lists',
  listitem: 'list items',
  list_item: 'list items',
  listItem: 'list items',
  generator: 'feed generators',
  identity: 'handle changes',
  account: 'account changes',
  other: 'other collections',
};

const reasons = {
  look_back: 'older than the hosts keep',
  missing: 'missing at the host',
  cursor_unreadable: 'the cursor was unreadable',
};

const moods = { live: 'good', finished: 'good', 'catching up': 'busy', replaying: 'busy', starting: 'busy' };

const spark = (history) => {
  const box = { width: 150, height: 24 };
  const picture = svg('svg', { viewBox: '0 0 150 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
  const area = svg('path', { class: 'area' });
  const line = svg('path', { class: 'line' });
  draw(line, area, history, box);
  picture.append(area, line);
  return picture;
};

const alertOf = (s) => {
  if (s.stall !== null) {
    const what = s.stall.reason === 'disk_full' ? 'The disk is full' : 'The store does not take rows';
    return `${what} since ${time(s.stall.since)}. Reading has stopped, nothing is lost, and it goes on by itself.`;
  }
  if (s.phase === 'offline') {
    const why = s.link.lastEnd === null ? '' : ` (${s.link.lastEnd})`;
    return `No connection to ${s.link.host} since ${time(s.link.since)}${why}. Trying again. Without the internet: npm run demo`;
  }
  return '';
};

const paintTiles = (s) => {
  text('rate', rate(s.eventsPerSecond));
  draw(el('spark-line'), el('spark-area'), s.history, { width: 240, height: 64 });
  text('spark-max', s.history.length === 0 ? '' : ` · at most ${count(Math.max(...s.history))}`);
  text('lag', s.lagSeconds === null ? '–' : span(s.lagSeconds));
  text('host', s.link === null ? '' : s.link.host);
  text('rows', s.process === null ? '–' : count(s.process.rows));
  const size = s.tables.reduce((sum, table) => sum + table.bytes, 0);
  text('disk', `since the start · ${bytes(size)} on disk in all`);
  text('gaps', count(s.gaps.open));
  el('gaps').className = s.gaps.open > 0 ? 'number warn' : 'number';
  text('gaps-note', s.gaps.open === 0 ? 'nothing is missing' : `about ${count(s.gaps.estimatedEvents)} events`);
  text('dead', count(s.deadLetters.count));
  el('dead').className = s.deadLetters.count > 0 ? 'number bad' : 'number';
  text(
    'dead-note',
    s.deadLetters.newestAt === null ? 'everything could be stored' : `last ${time(s.deadLetters.newestAt)}`,
  );
};

const paintCatchUp = (s) => {
  show('catch-up', s.catchUp !== null);
  if (s.catchUp === null) return;
  const { done, total, etaSeconds } = s.catchUp;
  el('catch-up-bar').value = done / total;
  const left = etaSeconds === null ? '' : ` · ${span(etaSeconds)} left`;
  text('catch-up-note', `${Math.floor((done / total) * 100)}% of ${span(total / 1e6)}${left}`);
};

const paintTables = (s) => {
  const nothing = [row(cell('nothing stored yet', 'soft'))];
  fill(
    'rates',
    s.rates.length === 0
      ? nothing
      : s.rates.map((r) =>
          row(
            cell(names[r.collection] ?? r.collection),
            cell(spark(r.history), 'bar'),
            cell(`${rate(r.perSecond)}/s`, 'right'),
          ),
        ),
  );
  const top = s.tables.slice(0, Math.max(8, s.rates.length));
  fill(
    'tables',
    top.map((t) => row(cell(t.name), cell(`${count(t.rows)} rows`, 'right soft'), cell(bytes(t.bytes), 'right'))),
  );
  show('gap-list', s.gaps.newest.length > 0);
  fill(
    'gap-rows',
    s.gaps.newest.map((g) =>
      row(
        cell(time(g.from)),
        cell(time(g.to)),
        cell(reasons[g.reason] ?? g.reason),
        cell(`${count(g.estimatedEvents)} events`, 'right'),
      ),
    ),
  );
  const drops = Object.entries(s.dropped).toSorted((a, b) => b[1] - a[1]);
  show('drop-list', drops.length > 0);
  fill(
    'drops',
    drops.map(([reason, n]) => row(cell(reason.replaceAll('_', ' ')), cell(count(n), 'right'))),
  );
};

const paint = (s) => {
  el('phase').className = `phase ${moods[s.phase] ?? 'bad'}`;
  text('phase-text', s.phase);
  document.title = s.phase === 'live' ? `${rate(s.eventsPerSecond)}/s · Skyflow` : `${s.phase} · Skyflow`;
  const alert = alertOf(s);
  text('alert', alert);
  show('alert', alert !== '');
  paintTiles(s);
  paintCatchUp(s);
  paintTables(s);
  text('cursor', s.cursor === null ? '' : `Everything up to ${time(s.cursor.at)} is stored.`);
  text('updated', `Updated ${time(s.at)}`);
};

const lost = () => {
  el('phase').className = 'phase bad';
  text('phase-text', 'not running');
  text('alert', 'Skyflow does not answer. This page goes on as soon as it is back.');
  show('alert', true);
};

const poll = async () => {
  try {
    const response = await fetch('/status.json', { signal: AbortSignal.timeout(5000) });
    if (!response.ok) throw new Error(String(response.status));
    const status = await response.json();
    paint(status);
    await globalThis.paintFeeds(status);
  } catch {
    lost();
  }
  setTimeout(poll, document.hidden ? 5000 : 1000);
};

void poll();

import type { FeedsAnswer } from '#pkg/admin/feeds.ts';
import { formatDuration } from '#pkg/runtime/quantities.ts';
import { table } from '../lens/table.ts';
import { fit, pad, plain, widthOf, wrap } from '../lens/width.ts';
import {
  type Drawing,
  flexible,
  headed,
  left,
  minuteOf,
  nameOf,
  palette,
  plural,
  right,
  shortNumber,
  textOf,
} from './drawing.ts';

type Preview = FeedsAnswer<'preview'>;

/** `skyflow feeds preview`: for whom, the posts, what was left out. */
export const previewText = (answer: Preview, draw: Drawing): string => {
  const paint = palette(draw);
  const { posts, report } = answer;
  const lines = [
    paint.bold(fit(`${plain(answer.displayName)}  ${plain(answer.rkey)}`, draw.width)),
    ...forWhom(answer)
      .flatMap((sentence) => wrap(sentence, draw.width))
      .map(paint.soft),
    '',
  ];
  if (answer.form === 'nothing') return textOf(lines.slice(0, -1));
  if (posts.length === 0) lines.push(`No posts. Why: skyflow feeds why-empty ${plain(answer.rkey)}`);
  else
    lines.push(
      ...headed(
        table(
          columnsOf(posts),
          posts.map((post, at) => cellsOf(post, at, draw)),
          draw.width,
        ),
        paint,
      ),
    );
  lines.push(
    '',
    ...wrap(
      `${plural(report.rows, 'row')} in ${formatDuration(report.tookMs)}, ${plural(report.kept, 'post')} kept.${leftOut(report.dropped)}`,
      draw.width,
    ).map(paint.soft),
  );
  return textOf(lines);
};

const forWhom = ({ form, viewer, shown }: Preview): string[] => {
  switch (form) {
    case 'shared':
      return ['The same for all.'];
    case 'personal':
      return [`As ${viewer === null ? 'its viewer' : nameOf(viewer)} sees it.`];
    case 'public_form':
      return [
        `This feed is made for its viewer. Shown is what those see who are not signed in: ${plain(shown)}. For somebody: --viewer HANDLE`,
      ];
    case 'nothing':
      return [
        'This feed is made for its viewer, and those who are not signed in see nothing. For somebody: --viewer HANDLE',
      ];
  }
};

const hasReason = (posts: Preview['posts']): boolean => posts.some(({ reason }) => reason !== null);

const columnsOf = (posts: Preview['posts']) => [
  right('#'),
  right('score'),
  left('author'),
  flexible('post', 24),
  ...(hasReason(posts) ? [left('because', 1)] : []),
];

const cellsOf = (post: Preview['posts'][number], at: number, { width }: Drawing): string[] => [
  String(at + 1),
  shortNumber(post.score),
  // The account may take a quarter of the line, the text what is left.
  fit(nameOf(post.author), Math.max(10, Math.floor(width / 4))),
  post.text === '' ? '(no text)' : plain(post.text),
  post.reason === null ? '' : post.reason === 'pin' ? 'pinned' : 'reposted',
];

const filterWords: Readonly<Record<string, string>> = {
  malformed: 'not understood',
  unknown: 'never seen',
  inactive_author: 'by inactive accounts',
  banned_author: 'by banned accounts',
  banned_post: 'banned',
  blocked_label: 'with a blocked label',
  blocked: 'behind a block',
  reply: 'replies',
  language: 'in another language',
  duplicate: 'twice',
  too_many_of_author: 'by an author with enough of them',
  too_deep: 'too deep',
};

const leftOut = (dropped: Readonly<Record<string, number>>): string => {
  const parts = Object.entries(dropped)
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1])
    .map(
      ([name, count]) => `${count.toLocaleString('en-US')} ${filterWords[name] ?? plain(name.replaceAll('_', ' '))}`,
    );
  return parts.length === 0 ? '' : ` Left out: ${parts.join(', ')}.`;
};

/** `skyflow feeds explain`: the answer, then the numbers behind it. */
export const explainText = (answer: FeedsAnswer<'explain'>, draw: Drawing): string => {
  const paint = palette(draw);
  const verdict = answer.rank === null ? paint.warn('Not there.') : paint.good('There.');
  const facts: [string, string][] = [];
  if (answer.viewer !== null) facts.push(['seen by', nameOf(answer.viewer)]);
  if (answer.rankedAt !== null) facts.push(['ranked', `${minuteOf(answer.rankedAt)} UTC`]);
  if (answer.score !== null) facts.push(['score', shortNumber(answer.score)]);
  for (const [name, value] of Object.entries(answer.parts)) facts.push([`  ${plain(name)}`, shortNumber(value)]);
  if (answer.filter !== null) facts.push(['kept out by', plain(answer.filter.replaceAll('_', ' '))]);
  const label = Math.max(0, ...facts.map(([name]) => widthOf(name)));
  return textOf([
    paint.bold(fit(`${plain(answer.rkey)}  ${plain(answer.uri)}`, draw.width)),
    `${verdict} ${plain(answer.sentence)}`,
    ...(facts.length === 0 ? [] : ['', ...facts.map(([name, value]) => `  ${paint.soft(pad(name, label))}  ${value}`)]),
    ...checkLines(answer.checks, draw),
  ]);
};

const mostValue = 24;

const checkLines = (checks: FeedsAnswer<'explain'>['checks'], draw: Drawing): string[] => {
  if (checks.length === 0) return [];
  const paint = palette(draw);
  const rows = checks.map(({ name, ok, value, needs }) => [
    ok ? 'yes' : 'NO',
    plain(name),
    fit(plain(value), mostValue),
    plain(needs),
  ]);
  const [heading = '', ...lines] = table(
    [left('met'), left('condition'), left('is'), flexible('needs', 8)],
    rows,
    draw.width,
  );
  return ['', paint.soft(heading), ...lines.map((line) => (line.startsWith('NO') ? paint.warn(line) : line))];
};

/** `skyflow feeds why-empty`: what to look at, first things first. */
export const whyEmptyText = (answer: FeedsAnswer<'why_empty'>, draw: Drawing): string => {
  const paint = palette(draw);
  const whose = answer.viewer === null ? '' : `  for ${nameOf(answer.viewer)}`;
  return textOf([
    paint.bold(fit(`${plain(answer.rkey)}${whose}`, draw.width)),
    ...answer.sentences.flatMap((sentence) =>
      wrap(plain(sentence), draw.width - 2).map((line, at) => `${at === 0 ? '- ' : '  '}${line}`),
    ),
  ]);
};

import { type FactPost, type FactReaction, type Facts, followingOf } from '#testing/lenses/facts.ts';

/** A post as a feed must have it. */
export interface ExpectedPost {
  readonly uri: string;
  readonly score: number;
  /** Other columns of the statement that are to be compared. */
  readonly parts: Readonly<Record<string, number>>;
  readonly repost?: { readonly did: string; readonly keyUs: number };
}

/** The moment a feed is asked about, and who asks. */
export interface Asked {
  readonly facts: Facts;
  readonly nowMs: number;
  readonly viewer: string;
  /** The number that orders posts of equal score: a record key as the tables have it. */
  keyOf(uri: string): bigint;
}

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

const timeMs = ({ keyUs }: FactReaction): number => (keyUs === null ? Number.NaN : Math.floor(keyUs / 1000));

/** Reactions by active others; between two moments (both included) where they are given. */
export const reactionsOf = (
  { facts }: Asked,
  { uri, author }: Pick<FactPost, 'uri' | 'author'>,
  span?: { readonly fromMs: number; readonly toMs: number },
): FactReaction[] =>
  (facts.reactions.get(uri) ?? []).filter(
    (reaction) =>
      reaction.actor !== author &&
      facts.isActive(reaction.actor) &&
      (span === undefined || (timeMs(reaction) >= span.fromMs && timeMs(reaction) <= span.toMs)),
  );

const accounts = (reactions: readonly FactReaction[], kind?: FactReaction['kind']): number =>
  new Set(reactions.filter((one) => kind === undefined || one.kind === kind).map(({ actor }) => actor)).size;

/** Live posts by active accounts, in time. */
export const postsSince = ({ facts, nowMs }: Asked, fromMs: number): FactPost[] =>
  facts.posts.filter(({ author, sortMs }) => facts.isActive(author) && sortMs >= fromMs && sortMs <= nowMs);

const isRoot = ({ post }: FactPost): boolean => post.replyParent === null;

const ageHours = ({ nowMs }: Asked, { sortMs }: FactPost): number => (nowMs - sortMs) / hourMs;

/** What `templates/trending` must show. */
export const trending = (
  asked: Asked,
  settings: Readonly<Record<'window_minutes' | 'max_age_hours' | 'gravity' | 'min_likes' | 'fill', number>>,
): ExpectedPost[] => {
  const { nowMs } = asked;
  const span = { fromMs: nowMs - settings.window_minutes * 60_000, toMs: nowMs };
  const liked = postsSince(asked, nowMs - settings.max_age_hours * hourMs)
    .filter(isRoot)
    .map((post) => ({ post, reactions: reactionsOf(asked, post, span) }))
    .map(({ post, reactions }) => ({
      post,
      likes: accounts(reactions, 'like'),
      reposts: accounts(reactions, 'repost'),
    }));
  const enough = ({ likes }: { likes: number }): boolean =>
    likes >= settings.min_likes || (likes >= 2 && liked.filter((other) => other.likes > likes).length < settings.fill);
  return liked.filter(enough).map(({ post, likes, reposts }) => ({
    uri: post.uri,
    score: (likes - 1) / (ageHours(asked, post) + 2) ** settings.gravity,
    parts: { likes, reposts },
  }));
};

/** What `pulse` must show; none of its languages has more than it may. */
export const pulse = (
  asked: Asked,
  settings: Readonly<Record<'window_minutes' | 'min_recent', number>>,
): ExpectedPost[] => {
  const { nowMs } = asked;
  const windowMs = settings.window_minutes * 60_000;
  const middleMs = nowMs - windowMs;
  return postsSince(asked, -Infinity).flatMap((post) => {
    const recent = accounts(reactionsOf(asked, post, { fromMs: middleMs, toMs: nowMs }));
    const before = accounts(reactionsOf(asked, post, { fromMs: middleMs - windowMs, toMs: middleMs - 1 }));
    const rises = isRoot(post) && recent >= settings.min_recent && recent > before;
    return rises
      ? [{ uri: post.uri, score: (recent - before) / Math.sqrt(recent + before + 1), parts: { recent, before } }]
      : [];
  });
};

const followed = ({ facts, viewer }: Asked): Set<string> =>
  new Set([...followingOf(facts, viewer)].filter((did) => did !== viewer && !facts.areApart(viewer, did)));

const best = (asked: Asked, one: ExpectedPost, other: ExpectedPost): number =>
  other.score - one.score || Number(asked.keyOf(other.uri) - asked.keyOf(one.uri));

interface Warmth {
  readonly heat: Map<string, number>;
  readonly reactions: FactReaction[];
}

const halved = (ms: number, halfLifeMs: number): number => 2 ** (-ms / halfLifeMs);

/** What `flow` must show. */
export const flow = (
  asked: Asked,
  settings: Readonly<Record<'window_hours' | 'half_life_hours', number>>,
): ExpectedPost[] => {
  const { facts, nowMs, viewer } = asked;
  const fromMs = nowMs - settings.window_hours * hourMs;
  const follows = followed(asked);
  const warmthOf = (post: FactPost): Warmth => {
    const reactions = reactionsOf(asked, post, { fromMs, toMs: nowMs }).filter(({ actor }) => follows.has(actor));
    const heat = new Map<string, number>();
    for (const { actor, keyUs } of reactions) {
      const warmth = halved(nowMs - (keyUs ?? 0) / 1000, settings.half_life_hours * hourMs);
      heat.set(actor, Math.max(warmth, heat.get(actor) ?? 0));
    }
    return { heat, reactions };
  };
  // A quote made in time by somebody followed is about what it quotes, unless that is the viewer's or the quoter's own.
  const about = new Map<string, string>();
  for (const reaction of [...facts.reactions.values()].flat()) {
    const owner = reaction.subject.split('/')[2] ?? '';
    const inTime = timeMs(reaction) >= fromMs && timeMs(reaction) <= nowMs;
    if (reaction.kind !== 'quote' || !inTime || !follows.has(reaction.actor)) continue;
    if (owner === reaction.actor || owner === viewer) continue;
    for (const post of facts.postsBy.get(reaction.actor) ?? [])
      if (post.post.quote === reaction.subject) about.set(post.uri, reaction.subject);
  }
  const warm = facts.posts
    .filter(
      (post) =>
        facts.isActive(post.author) && isRoot(post) && post.author !== viewer && !facts.areApart(viewer, post.author),
    )
    .map((post) => ({ post, ...warmthOf(post) }))
    .filter(({ heat }) => heat.size > 0)
    .map(({ post, heat, reactions }) => flowPost(post.uri, heat, reactions))
    .toSorted((one, other) => best(asked, one, other));
  const seen = new Set<string>();
  return warm.filter(({ uri }) => {
    const subject = about.get(uri) ?? uri;
    return !seen.has(subject) && seen.add(subject);
  });
};

const flowPost = (uri: string, heat: Map<string, number>, reactions: FactReaction[]): ExpectedPost => {
  const reposts = reactions.filter(({ kind }) => kind === 'repost');
  const newest = reposts.toSorted((one, other) => (other.keyUs ?? 0) - (one.keyUs ?? 0))[0];
  const sum = [...heat.values()].toSorted((one, other) => one - other).reduce((total, one) => total + one, 0);
  return {
    uri,
    score: Math.round(sum * 1e9) / 1e9,
    parts: {
      followed: heat.size,
      likes: accounts(reactions, 'like'),
      reposts: accounts(reactions, 'repost'),
      replies: accounts(reactions, 'reply'),
      quotes: accounts(reactions, 'quote'),
    },
    ...(newest === undefined ? {} : { repost: { did: newest.actor, keyUs: newest.keyUs ?? 0 } }),
  };
};

/** What `clout` must show. */
export const clout = (asked: Asked, settings: Readonly<Record<'window_hours', number>>): ExpectedPost[] => {
  const follows = followed(asked);
  const all = postsSince(asked, asked.nowMs - settings.window_hours * hourMs)
    .filter((post) => isRoot(post) && follows.has(post.author))
    .map((post) => ({ post, reactions: reactionsOf(asked, post) }))
    .map(({ post, reactions }) => {
      const [likes, reposts] = [accounts(reactions, 'like'), accounts(reactions, 'repost')];
      const replies = reactions.filter(({ kind }) => kind === 'reply').length;
      return { post, uri: post.uri, score: likes + replies + reposts, parts: { likes, replies, reposts } };
    })
    .filter(({ score }) => score > 0)
    .toSorted(
      (one, other) => other.score - one.score || other.post.sortMs - one.post.sortMs || best(asked, one, other),
    );
  const authors = new Set<string>();
  return all
    .filter(({ post }) => !authors.has(post.author) && authors.add(post.author))
    .map(({ uri, score, parts }) => ({ uri, score, parts }));
};

/** What `kudos` must show. */
export const kudos = (
  asked: Asked,
  settings: Readonly<Record<'window_hours' | 'reactions_days' | 'per_author' | 'half_life_hours', number>>,
): ExpectedPost[] => {
  const { facts, nowMs, viewer } = asked;
  const sinceUs = (nowMs - settings.reactions_days * dayMs) * 1000;
  const kinds = new Map<string, Set<string>>();
  for (const { actor, kind, subject } of [...facts.reactions.values()].flat()) {
    const key = asked.keyOf(subject);
    const isLate = key >= 2n ** 63n || Number(key >> 10n) >= sinceUs;
    if (subject.split('/')[2] !== viewer || !isLate || actor === viewer) continue;
    if (!facts.isActive(actor) || facts.areApart(actor, viewer)) continue;
    kinds.set(actor, (kinds.get(actor) ?? new Set()).add(`${kind} ${subject}`));
  }
  return [...kinds].flatMap(([did, { size: reactions }]) =>
    postsSince(asked, nowMs - settings.window_hours * hourMs)
      .filter((post) => post.author === did && isRoot(post))
      .toSorted((one, other) => other.sortMs - one.sortMs || Number(asked.keyOf(other.uri) - asked.keyOf(one.uri)))
      .slice(0, settings.per_author)
      .map((post) => ({
        uri: post.uri,
        score: Math.log2(1 + reactions) * halved(nowMs - post.sortMs, settings.half_life_hours * hourMs),
        parts: { reactions },
      })),
  );
};

/** What the chronological feeds must show: what these accounts posted lately. */
export const latest = (
  asked: Asked,
  { authors, days, replies = false }: { authors: ReadonlySet<string>; days: number; replies?: boolean },
): ExpectedPost[] =>
  postsSince(asked, asked.nowMs - days * dayMs)
    .filter((post) => authors.has(post.author) && (replies || isRoot(post)))
    .map(({ uri, sortMs }) => ({ uri, score: sortMs, parts: {} }));

/** What `mutuals` must show. */
export const mutuals = (asked: Asked, settings: Readonly<Record<'window_days', number>>): ExpectedPost[] => {
  const back = new Set(asked.facts.follows.filter(({ subject }) => subject === asked.viewer).map(({ actor }) => actor));
  const authors = new Set([...followed(asked)].filter((did) => back.has(did)));
  return latest(asked, { authors, days: settings.window_days });
};

/** What `quiet` must show. */
export const quiet = (
  asked: Asked,
  settings: Readonly<Record<'window_days' | 'max_posts' | 'half_life_days', number>>,
): ExpectedPost[] => {
  const recent = postsSince(asked, asked.nowMs - settings.window_days * dayMs);
  return [...followed(asked)].flatMap((did) => {
    const own = recent.filter(({ author }) => author === did);
    if (own.length > settings.max_posts) return [];
    return own.filter(isRoot).map(({ uri, sortMs }) => ({
      uri,
      score: halved(asked.nowMs - sortMs, settings.half_life_days * dayMs) / own.length,
      parts: { posts: own.length },
    }));
  });
};

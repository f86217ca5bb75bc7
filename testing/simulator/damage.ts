import type { FaultName } from './fault-names.ts';
import { goJson, type Json } from './go-json.ts';
import type { Random } from './random.ts';

/** A parsed frame that may be damaged in place. */
export type Loose = { [key: string]: Json | Loose | undefined };

const isObject = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const at = (frame: Loose, ...path: string[]): Loose => {
  let here = frame;
  for (const key of path) {
    const inner = here[key];
    if (!isObject(inner)) throw new Error(`the frame has no ${path.join('.')}`);
    here = inner;
  }
  return here;
};

const STRANGERS: readonly Json[] = [7, -1, 1e21, 0.5, 'text', '', null, true, [], [null], {}, { $type: 7 }];

/** Every place in a frame that holds a value, as the object and the key. */
const places = (frame: Loose): { holder: Loose; key: string }[] => {
  const found: { holder: Loose; key: string }[] = [];
  const walk = (holder: Loose): void => {
    for (const [key, value] of Object.entries(holder)) {
      found.push({ holder, key });
      if (isObject(value)) walk(value);
    }
  };
  walk(frame);
  return found;
};

const typeName = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

const swapType = (frame: Loose, random: Random): void => {
  const { holder, key } = random.pick(places(frame));
  const old = typeName(holder[key]);
  holder[key] = random.pick(STRANGERS.filter((value) => typeName(value) !== old));
};

const setCreated = (frame: Loose, created: string | undefined): void => {
  const record = at(frame, 'commit', 'record');
  if (created === undefined) delete record['createdAt'];
  else record['createdAt'] = created;
};

const shifted = (frame: Loose, byMs: number): string => new Date(Number(frame['time_us']) / 1000 + byMs).toISOString();

const MINUTE_MS = 60_000;
const YEAR_MS = 365 * 86_400_000;

const inText = (frame: Loose, random: Random, piece: string): void => {
  const record = at(frame, 'commit', 'record');
  const text = typeof record['text'] === 'string' ? record['text'] : '';
  const cut = random.below(text.length + 1);
  record['text'] = random.pick([piece + text, text + piece, text.slice(0, cut) + piece + text.slice(cut)]);
};

const GARBAGE = [
  '',
  'yesterday',
  '2026-13-45T99:99:99Z',
  '0000-00-00T00:00:00.000Z',
  '2026-05',
  'NaN',
  '-',
  '1779719009',
  '🕐',
];
const BAD_DIDS = [
  '',
  'did',
  'did:',
  'did:plc:',
  'DID:plc:abc',
  'did:PLC:abc',
  'did:plc:a b',
  'did:plc:a#b',
  'did:plc:a/../b',
  'alice.example.com',
  'did:plc:a\u0000',
  `did:plc:${'a'.repeat(2050)}`,
];
const BAD_RKEYS = [
  '',
  '.',
  '..',
  'a/b',
  'has space',
  'naïve',
  '#a',
  '@self',
  'a\u0000b',
  'x'.repeat(513),
  "'; DROP TABLE posts; --",
];
const BAD_URIS = [
  '',
  'at://',
  'https://bsky.app/profile/a/post/b',
  'at://not a did/app.bsky.feed.post/3k',
  'at://did:plc:zzz',
  'at://did:plc:zzz/app.bsky.feed.post',
  'at://did:plc:zzz/app.bsky.feed.post/',
  'at:///app.bsky.feed.post/3k',
  'AT://did:plc:zzz/app.bsky.feed.post/3k',
  `at://did:plc:zzz/app.bsky.feed.post/${'k'.repeat(5000)}`,
  '\u0000',
];

const setUri = (frame: Loose, random: Random): void => {
  at(frame, 'commit', 'record', 'subject')['uri'] = random.pick(BAD_URIS);
};

type Change = (frame: Loose, random: Random) => void;

/** Damage that changes the parsed frame, which is then written as JSON again. */
export const CHANGES: Partial<Record<FaultName, Change>> = {
  'wrong-type': swapType,
  'missing-field': (frame, random) => {
    const { holder, key } = random.pick(places(frame));
    delete holder[key];
  },
  'huge-record': (frame, random) => {
    const line = random.pick(['a', 'é', '海', 'word <b> ']);
    const bytes = Buffer.byteLength(goJson(line)) - 2;
    at(frame, 'commit', 'record')['text'] = line.repeat(Math.floor(random.between(960_000, 1_000_000) / bytes));
  },
  'long-line': (frame) => {
    at(frame, 'commit', 'record')['simulatorNote'] = 'Nobody knows this field. '.repeat(1_340);
  },
  'nul-in-text': (frame, random) => inText(frame, random, random.pick(['\u0000', '\u0000\u0000'])),
  'lone-surrogate': (frame, random) => inText(frame, random, random.pick(['\ud83d', '\udc00', '\udfff\ud800'])),
  'created-future': (frame, random) => {
    const far = random.pick([2 * MINUTE_MS, 30 * MINUTE_MS, YEAR_MS, 70 * YEAR_MS, 900 * YEAR_MS]);
    setCreated(frame, random.chance(0.1) ? '9999-12-31T23:59:59.999Z' : shifted(frame, far));
  },
  'created-ancient': (frame, random) => {
    const ancient = [
      '1970-01-01T00:00:00.000Z',
      '0001-01-01T00:00:00.000Z',
      '1969-12-31T23:59:59.999Z',
      '1899-06-01T12:00:00Z',
    ];
    setCreated(frame, random.chance(0.5) ? random.pick(ancient) : shifted(frame, -random.between(1, 12) * YEAR_MS));
  },
  'created-no-ms': (frame) => setCreated(frame, `${shifted(frame, -1_000).slice(0, 19)}Z`),
  'created-no-zone': (frame) => setCreated(frame, shifted(frame, -1_000).slice(0, 23)),
  'created-missing': (frame) => setCreated(frame, undefined),
  'created-garbage': (frame, random) => setCreated(frame, random.pick(GARBAGE)),
  'rkey-invalid': (frame, random) => {
    at(frame, 'commit')['rkey'] = random.pick(BAD_RKEYS);
  },
  'did-invalid': (frame, random) => {
    frame['did'] = random.pick(BAD_DIDS);
  },
  'uri-nonsense': setUri,
  'unknown-kind': (frame, random) => {
    frame['kind'] = random.pick(['handle', 'tombstone', 'info', 'COMMIT', '']);
  },
  'unknown-operation': (frame, random) => {
    at(frame, 'commit')['operation'] = random.pick(['upsert', 'CREATE', '', 'patch']);
  },
};

const BAD_TIMES = ['-1', '0.5', '1e400', '-1e400', '"soon"', 'null', '9e18', '{}'];

/** Damage that changes the written text, because JSON could not express it or a parsed object could not hold it. */
export const REWRITES: Partial<Record<FaultName, (text: string, random: Random) => string>> = {
  'malformed-json': (text, random) =>
    random.pick([
      text.replaceAll('\\', '').replace('"kind":', '"kind"'),
      text.replace(',"time_us"', ',,"time_us"'),
      `${text}}`,
      text.replaceAll('"', "'"),
      '',
      'upstream connect error or disconnect/reset before headers',
    ]),
  truncated: (text, random) => text.slice(0, random.between(1, text.length - 1)),
  'not-an-object': (_, random) =>
    random.pick(['null', '42', '"frame"', '[]', '{}', 'true', '[{"did":"did:plc:a"}]', '1e999']),
  'bad-time': (text, random) => text.replace(/"time_us":\d+/, `"time_us":${random.pick(BAD_TIMES)}`),
  'cursor-key': (text, random) => text.replace(/,"kind":/, `,"cursor":${random.between(1, 2_000_000_000)},"kind":`),
  'deep-nesting': (text) => {
    const depth = 20_000;
    return text.replace('"record":{', () => `"record":{"deep":${'['.repeat(depth)}${']'.repeat(depth)},`);
  },
  'proto-key': (text) =>
    text.replace('"record":{', '"record":{"__proto__":{"did":"did:plc:other"},"constructor":{"name":null},'),
};

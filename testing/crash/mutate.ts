import type { Random } from '#testing/simulator/random.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const strange: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  0.5,
  '',
  ' ',
  '\0',
  '\ud800',
  '\t\n\\N',
  'at://',
  'at://did:plc:x/app.bsky.feed.post/3laua22222222',
  'did:plc:x',
  'did:web:%',
  '__proto__',
  'zzzzzzzzzzzzz',
  '2222222222222',
  '9999-12-31T23:59:59Z',
  '1969-12-31T23:59:59.9999999Z',
  [],
  {},
  [[[[]]]],
  { __proto__: null },
  { $type: 'app.bsky.embed.record' },
];

/** Every container in a value, the value itself included. */
const containers = (value: Json): (Json[] | { [key: string]: Json })[] => {
  const found: (Json[] | { [key: string]: Json })[] = [];
  const waiting: Json[] = [value];
  for (let next = waiting.pop(); next !== undefined && found.length < 500; next = waiting.pop()) {
    if (typeof next !== 'object' || next === null) continue;
    found.push(next);
    waiting.push(...Object.values(next).slice(0, 200));
  }
  return found;
};

/** Changes one place of a frame's structure: a value replaced, removed, repeated, wrapped, moved under another name. */
const changeStructure = (frame: Json, random: Random): void => {
  const places = containers(frame);
  if (places.length === 0) return;
  const place = random.pick(places) as { [key: string]: Json };
  const keys = Object.keys(place);
  if (keys.length === 0) return;
  const key = random.pick(keys);
  const value = place[key] as Json;
  switch (random.below(7)) {
    case 0:
    case 1:
      place[key] = random.pick(strange);
      return;
    case 2:
      delete place[key];
      return;
    case 3:
      place[key] = [value, value];
      return;
    case 4:
      place[random.pick(['did', 'kind', 'text', 'subject', 'uri', 'toString', 'constructor'])] = value;
      return;
    case 5:
      place[key] = typeof value === 'string' ? value.repeat(random.below(4)) : { value };
      return;
    default:
      place[key] = (random.pick(places) === place ? random.bits() : random.float()) as Json;
  }
};

const changeBytes = (text: string, random: Random): string => {
  if (text.length === 0) return text;
  const at = random.below(text.length);
  switch (random.below(5)) {
    case 0:
      return text.slice(0, at);
    case 1:
      return text.slice(0, at) + text.slice(at + 1 + random.below(8));
    case 2:
      return text.slice(0, at) + String.fromCharCode(random.below(0x1_0000)) + text.slice(at + 1);
    case 3:
      return (
        text.slice(0, at) + random.pick(['"', '\\', '\\u0000', '{', '}', '[', ',', '\ufeff', '1e999']) + text.slice(at)
      );
    default:
      return text.slice(0, at) + text.slice(random.below(text.length));
  }
};

/** A damaged copy of a frame's text; one in twenty stays as it is. */
export const mutate = (text: string, random: Random): string => {
  const kind = random.below(20);
  if (kind === 0) return text;
  if (kind < 6) return changeBytes(text, random);
  let frame: Json;
  try {
    frame = JSON.parse(text) as Json;
  } catch {
    return changeBytes(text, random);
  }
  try {
    for (let times = random.between(1, 3); times > 0; times -= 1) changeStructure(frame, random);
    return JSON.stringify(frame) ?? '';
  } catch {
    // Nested too deeply to be written again: the text itself is damage enough.
    return changeBytes(text, random);
  }
};

import { expect, test } from 'vitest';
import { redactUrl } from '#pkg/runtime/redact.ts';

test.each([
  ['postgres://user:secret@db:5432/app', 'postgres://***@db:5432/app'],
  ['redis://:secret@cache', 'redis://***@cache'],
  ['nats://secret@bus:4222', 'nats://***@bus:4222'],
  ['http://u:sec/ret@ch:8123/', 'http://***@ch:8123/'],
  ['http://u:s@ec@ret@ch:8123/', 'http://***@ch:8123/'],
  ['nats://a:secret@one,nats://b:sec,ret@two', 'nats://***@one,nats://***@two'],
  ['http://ch:8123/?user=u&password=secret&x=1', 'http://ch:8123/?user=u&password=***&x=1'],
  ['GET /sse?token=secret HTTP/1.1', 'GET /sse?token=*** HTTP/1.1'],
  ['{"url":"amqp://u:secret@h","other":"a@b"}', '{"url":"amqp://***@h","other":"a@b"}'],
  ['connect to redis://u:secret@h failed: mail me@example.org', 'connect to redis://***@h failed: mail me@example.org'],
])('hides the secret in %s', (text, expected) => {
  const shown = redactUrl(text);
  expect(shown).toBe(expected);
  expect(shown).not.toContain('secret');
});

test.each([
  'https://bsky.app/profile/@someone',
  'http://localhost:8123/path@x',
  'wss://jetstream1.us-east.bsky.network/subscribe?cursor=1',
  'at://did:plc:abc/app.bsky.feed.post/3k',
  'no url at all: a@b',
])('leaves %s alone', (text) => {
  expect(redactUrl(text)).toBe(text);
});

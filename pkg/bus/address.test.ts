import { describe, expect, it } from 'vitest';
import { parseNatsUrl } from '#pkg/bus/address.ts';
import { UserError } from '#pkg/runtime/errors.ts';

describe('parseNatsUrl', () => {
  it.each([
    ['nats://h:1', { servers: ['h:1'] }],
    ['nats://h', { servers: ['h:4222'] }],
    ['h', { servers: ['h:4222'] }],
    ['h:5', { servers: ['h:5'] }],
    ['nats://[::1]:7', { servers: ['[::1]:7'] }],
    ['nats://to%20ken@h:1', { servers: ['h:1'], token: 'to ken' }],
    ['nats://me:p%40ss@h:1', { servers: ['h:1'], user: 'me', pass: 'p@ss' }],
    ['tls://h:1', { servers: ['h:1'], tls: {} }],
    ['nats://me:x@a:1, nats://b:2', { servers: ['a:1', 'b:2'], user: 'me', pass: 'x' }],
  ])('reads %s', (url, expected) => {
    expect(parseNatsUrl(url)).toEqual(expected);
  });

  it.each(['', 'http://h:1', 'nats://', 'nats://h:99999', 'nats://h:1,'])('refuses %j', (url) => {
    expect(() => parseNatsUrl(url)).toThrow(UserError);
  });

  it('shows no password in the refusal', () => {
    expect(() => parseNatsUrl('http://me:secret@h:1')).toThrow(/^(?!.*secret)/);
  });
});

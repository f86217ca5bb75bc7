import { describe, expect, test } from 'vitest';
import { createLogger, type LoggerOptions } from '#pkg/runtime/log.ts';

function capture(options: Omit<LoggerOptions, 'write'>) {
  const lines: string[] = [];
  const log = createLogger({ ...options, write: (line) => lines.push(line) });
  return { log, lines };
}

describe('json lines', () => {
  test('one object a line, with the level by name and an ISO time', () => {
    const { log, lines } = capture({ level: 'info' });
    log.child({ component: 'indexer' }).info({ rows: 3 }, 'flushed');
    log.debug('not shown');
    expect(lines).toHaveLength(1);
    const line = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(line).toMatchObject({ level: 'info', component: 'indexer', rows: 3, msg: 'flushed' });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  test('a password shows nowhere: message, field, nested field, error cause', () => {
    const { log, lines } = capture({ level: 'info' });
    const cause = new Error('dial redis://u:hunter2@cache:6379 refused');
    log.error({ err: new Error('no store', { cause }), url: 'postgres://u:hunter2@db/x' }, 'at nats://hunter2@bus');
    log.info({ password: 'hunter2', options: { token: 'hunter2', list: ['http://x?password=hunter2'] } }, 'options');
    expect(lines).toHaveLength(2);
    expect(lines.join('')).not.toContain('hunter2');
    for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
  });
});

describe('pretty lines', () => {
  test('time, level, component, message, fields', () => {
    const { log, lines } = capture({ level: 'info', pretty: true });
    log.child({ component: 'bus' }).warn({ host: 'a.example', tries: 2, why: 'not ready' }, 'reconnecting');
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}bus: reconnecting host=a\.example tries=2 why="not ready"\n$/,
    );
  });

  test('escape sequences from the network never reach the terminal, and secrets are still hidden', () => {
    const { log, lines } = capture({ level: 'info', pretty: true });
    log.info({ text: '\u001B[2J\u0007' }, 'evil \u001B[31m redis://:hunter2@h');
    expect(lines.join('')).not.toContain('\u001B');
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('an error shows its stack', () => {
    const { log, lines } = capture({ level: 'info', pretty: true, color: true });
    log.error({ err: new TypeError('boom') }, 'failed');
    expect(lines[0]).toContain('TypeError: boom\n        at ');
    expect(lines[0]).toContain('\u001B[31m');
  });
});

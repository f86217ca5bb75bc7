import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, test } from 'vitest';
import { UserError } from '#pkg/runtime/errors.ts';
import { type OpsOptions, type ReadyReport, serveHttp, serveOps } from '#pkg/runtime/http.ts';
import { createMetrics } from '#pkg/runtime/metrics.ts';

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

async function start(changes: Partial<OpsOptions> = {}): Promise<string> {
  const service = serveOps({
    host: '127.0.0.1',
    port: 0,
    registry: createMetrics(),
    health: () => ({ ok: true }),
    ready: () => Promise.resolve({ ready: true, detail: {} }),
    ...changes,
  });
  const controller = new AbortController();
  const run = service.run(controller.signal);
  stops.push(() => {
    controller.abort();
    return run;
  });
  const { port } = await service.listening;
  return `http://127.0.0.1:${port}`;
}

describe('serveOps', () => {
  test('metrics in the Prometheus format', async () => {
    const response = await fetch(`${await start()}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/plain');
    expect(await response.text()).toContain('process_cpu_seconds_total');
  });

  test('health answers 503 when the process is broken', async () => {
    let ok = true;
    const url = await start({ health: () => ({ ok, detail: { stuck: !ok } }) });
    expect((await fetch(`${url}/health`)).status).toBe(200);
    ok = false;
    const response = await fetch(`${url}/health`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ ok: false, detail: { stuck: true } });
  });

  test('ready answers 503 until ready, and also when the check throws or hangs', async () => {
    let answer: () => Promise<ReadyReport> = () => Promise.resolve({ ready: false, detail: { lagMs: 5000 } });
    const url = await start({ ready: () => answer(), readyTimeoutMs: 30 });
    const ask = async () => {
      const response = await fetch(`${url}/ready`);
      return [response.status, await response.json()];
    };
    expect(await ask()).toEqual([503, { ready: false, detail: { lagMs: 5000 } }]);
    answer = () => Promise.reject(new TypeError('postgres://u:secret@h'));
    expect(await ask()).toEqual([503, { ready: false, detail: 'TypeError' }]);
    answer = () => new Promise(() => undefined);
    expect((await ask())[0]).toBe(503);
    answer = () => Promise.resolve({ ready: true, detail: {} });
    expect(await ask()).toEqual([200, { ready: true, detail: {} }]);
  });
});

describe('serveHttp', () => {
  test('a taken port is a UserError that names the flag, from run and from listening', async () => {
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    const service = serveHttp({ name: 'status page', host: '127.0.0.1', port, app: new Hono(), portFlag: '--port' });
    const run = service.run(new AbortController().signal);
    await expect(run).rejects.toBeInstanceOf(UserError);
    await expect(run).rejects.toMatchObject({ hint: expect.stringContaining('--port') as string });
    await expect(service.listening).rejects.toBeInstanceOf(UserError);
    squatter.close();
  });

  test('an idle kept-alive connection does not hold up the stop, a hanging request is cut', async () => {
    const app = new Hono();
    app.get('/hang', () => new Promise<Response>(() => undefined));
    app.get('/', (c) => c.text('ok'));
    const service = serveHttp({ name: 'x', host: '127.0.0.1', port: 0, app, portFlag: '--port', drainMs: 30 });
    const controller = new AbortController();
    const run = service.run(controller.signal);
    const { port } = await service.listening;
    const idle = connect(port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    await fetch(`http://127.0.0.1:${port}/`);
    const hanging = fetch(`http://127.0.0.1:${port}/hang`);
    const outcome = expect(hanging).rejects.toThrow();
    await fetch(`http://127.0.0.1:${port}/`);
    controller.abort();
    await run;
    await outcome;
    idle.destroy();
  });
});

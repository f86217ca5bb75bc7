import type { ClientRequest, IncomingMessage } from 'node:http';
import { vi } from 'vitest';

/** A frame as a client reads it. */
export interface Received {
  readonly id: string | undefined;
  readonly event: string;
  readonly data: Record<string, unknown>;
  readonly text: string;
}

const SLOW = { timeout: 45_000, interval: 10 };

/** Reads an event stream by the rules of the HTML standard, lines ended by \n, \r\n or \r. */
export class SseClient {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly frames: Received[] = [];
  /** As a browser keeps it. */
  lastEventId = '';
  retryMs: number | undefined;
  ended = false;
  body = '';
  readonly #request: ClientRequest;
  readonly #response: IncomingMessage;
  #rest = '';

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
    });
  }

  /** The frames with this name. */
  named(name: string): Received[] {
    return this.frames.filter(({ event }) => event === name);
  }

  /** Field `n` of the data of all events that are not the gateway's own. */
  numbers(): unknown[] {
    return this.named('analysis_completed').map(({ data }) => data['n']);
  }

  /** Waits until there are so many frames of this name. */
  async until(name: string, count = 1): Promise<Received> {
    await vi.waitFor(() => {
      if (this.named(name).length < count) {
        throw new Error(`${this.named(name).length} of ${count} ${name}; have ${this.frames.length} frames`);
      }
    }, SLOW);
    return this.named(name)[count - 1] as Received;
  }

  async untilEnd(): Promise<void> {
    await vi.waitFor(() => this.ended || Promise.reject(new Error('still open')), SLOW);
  }

  pause(): void {
    this.#response.pause();
  }
  resume(): void {
    this.#response.resume();
  }
  close(): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    this.body += text;
    this.#rest += text;
    const frames = this.#rest.split('\n\n');
    this.#rest = frames.pop() ?? '';
    for (const frame of frames) this.#take(frame);
  }

  #take(text: string): void {
    let event = 'message';
    const data: string[] = [];
    let id: string | undefined;
    for (const line of text.split(/\r\n|\r|\n/)) {
      const colon = line.indexOf(':');
      const field = line.slice(0, colon);
      const value = line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id') id = value;
      else if (field === 'retry') this.retryMs = Number(value);
      else throw new Error(`not a field: ${line}`);
    }
    if (id !== undefined) this.lastEventId = id;
    if (data.length > 0) {
      this.frames.push({ id, event, text, data: JSON.parse(data.join('\n')) as Record<string, unknown> });
    }
  }
}

import { z } from 'zod';
import { lensAnswer } from '#pkg/contracts/lens.ts';
import { readSse, type SseFrame } from '../sse-client.ts';

const accepted = z.object({ analysis_id: z.uuid() });
const ticketAnswer = z.object({ ticket: z.string() });
const analysisAnswer = z.discriminatedUnion('status', [
  z.object({ status: z.literal('completed'), result: lensAnswer }),
  z.object({ status: z.enum(['requested', 'processing']) }),
  z.object({ status: z.literal('failed') }),
]);

const earnedRow = z.object({ event_id: z.string(), xp_delta: z.number(), xp_total: z.number(), reason: z.string() });
const earnedAnswer = z.object({ xp: z.array(earnedRow) });

/** A row of the caller's ledger. */
export type Earned = z.infer<typeof earnedRow>;

export type AnalysisAnswer = z.infer<typeof analysisAnswer>;

const requestTimeoutMs = 30_000;

/** Talks to a running Skyflow as any client would: over HTTP, with an access token. */
export class ApiClient {
  readonly #base: string;
  readonly #token: string;
  readonly #signal: AbortSignal;

  /** `base`: `http://127.0.0.1:8000`. */
  constructor(base: string, token: string, signal: AbortSignal) {
    this.#base = base;
    this.#token = token;
    this.#signal = signal;
  }

  /** Asks for an analysis of the caller's own account; resolves with its id. */
  async analyze(type: string): Promise<string> {
    const body = JSON.stringify({ type });
    return accepted.parse(await this.#call('POST', '/api/v1/timeline/analyze', body)).analysis_id;
  }

  async analysis(id: string): Promise<AnalysisAnswer> {
    return analysisAnswer.parse(await this.#call('GET', `/api/v1/timeline/analyses/${id}`));
  }

  /** The caller's ledger, the newest rows first. */
  async earned(): Promise<readonly Earned[]> {
    return earnedAnswer.parse(await this.#call('GET', '/api/v1/me/xp?limit=20')).xp;
  }

  /** The caller's events, with a one-use ticket, so that the token stands in no URL. */
  async *events(): AsyncGenerator<SseFrame> {
    const { ticket } = ticketAnswer.parse(await this.#call('POST', '/api/v1/sse/ticket'));
    yield* readSse(`${this.#base}/sse?ticket=${ticket}`, this.#signal);
  }

  async #call(method: string, path: string, body?: string): Promise<unknown> {
    const response = await fetch(this.#base + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(requestTimeoutMs)]),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return response.json();
  }
}

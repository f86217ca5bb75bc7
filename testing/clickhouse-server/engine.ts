import { mkdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { Session } from 'chdb';

/** What the engine says about one finished statement. */
export interface EngineResult {
  /** The result in the asked format; empty for statements without one. */
  bytes: Uint8Array;
  rowsRead: number;
  bytesRead: number;
  rowsWritten: number;
  bytesWritten: number;
  elapsedSeconds: number;
}

/** One statement with everything that must hold for it and for no other. */
export interface Statement {
  sql: string;
  /** Rows for an INSERT, in the format the statement names. Handed to the engine without a copy. */
  data?: Buffer;
  /** Output format where the statement names none. */
  format: string;
  database?: string;
  settings: ReadonlyMap<string, string>;
  /** `{name:Type}` values, in the escaped text form that the HTTP interface carries. */
  params: ReadonlyMap<string, string>;
}

interface RawOutcome {
  bytes?: Uint8Array;
  rowsRead?: number;
  bytesRead?: number;
  rowsWritten?: number;
  bytesWritten?: number;
  elapsed?: number;
}

/** The two calls of chDB's addon that its public surface does not offer for arbitrary INSERT prefixes. */
interface Addon {
  InsertRawAsyncConnection(connection: unknown, prefix: string, data: Buffer, countLines: boolean): Promise<RawOutcome>;
  QueryAsyncConnection(connection: unknown, sql: string, format: string): Promise<RawOutcome>;
}

/** chDB's own raw insert accepts a short list of formats and plain names only; the addon under it takes any INSERT. */
const loadAddon = (): Addon => {
  const require = createRequire(import.meta.url);
  const loader = require(join(dirname(require.resolve('chdb')), 'dist', 'loader.js')) as { loadNative(): Addon };
  return loader.loadNative();
};

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
const backquote = (name: string): string => `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;

/** The engine's default limit on the length of one statement, in bytes; a `SET` of long parameters goes beyond it. */
const defaultMaxQueryBytes = 262_144;

/** The statements that come before this one on its connection. Names are checked by the caller: they stand bare. */
const preparations = ({ database, settings, params }: Statement): string[] => {
  const set = [...settings].map(([name, value]) => `${name} = ${quote(value)}`);
  const bind = [...params].map(([name, value]) => `param_${name} = ${quote(value)}`).join(', ');
  const bindBytes = Buffer.byteLength(bind);
  const isLong = bindBytes + 1024 > defaultMaxQueryBytes;
  return [
    ...(database === undefined ? [] : [`USE ${backquote(database)}`]),
    ...(isLong ? [`SET max_query_size = ${bindBytes + 1024}`] : []),
    ...(bind === '' ? [] : [`SET ${bind}`]),
    ...(isLong ? ['SET max_query_size = DEFAULT'] : []),
    ...(set.length === 0 ? [] : [`SET ${set.join(', ')}`]),
  ];
};

/** An INSERT of binary rows in parts: what stands before its settings, the settings, the format. */
const binaryInsert = /^([^]*?)(\sSETTINGS\s[^']*?)?\sFORMAT\s+(Native|RowBinaryWithNamesAndTypes)\s*;?\s*$/i;

const toResult = (raw: RawOutcome): EngineResult => ({
  bytes: raw.bytes ?? new Uint8Array(0),
  rowsRead: raw.rowsRead ?? 0,
  bytesRead: raw.bytesRead ?? 0,
  rowsWritten: raw.rowsWritten ?? 0,
  bytesWritten: raw.bytesWritten ?? 0,
  elapsedSeconds: raw.elapsed ?? 0,
});

/**
 * A ClickHouse engine in this process with its data under one folder.
 * Every statement runs on a connection of its own, opened for it and closed after it, so that settings,
 * parameters and the current database cannot reach the next statement. Opening one costs about 0.1 ms.
 */
export class Engine {
  readonly #addon = loadAddon();
  readonly #path: string;
  /** Held open so that the engine itself lives as long as this object. */
  readonly #anchor: Session;
  readonly #running = new Set<Promise<unknown>>();
  readonly #bodies: string;
  #bodyCount = 0;
  #version = '';

  constructor(path: string) {
    this.#path = path;
    this.#bodies = `${resolve(path)}.bodies`;
    mkdirSync(this.#bodies, { recursive: true });
    this.#anchor = new Session(path);
  }

  /** The engine's version, e.g. `26.7.1.1`. */
  get version(): string {
    this.#version ||= this.#anchor.query('SELECT version()', 'TabSeparatedRaw').trim();
    return this.#version;
  }

  /**
   * Runs one statement.
   * @throws Error with the engine's text `Code: N. DB::Exception: ... (NAME)`
   */
  run(statement: Statement): Promise<EngineResult> {
    const outcome = this.#runAlone(statement);
    const settled = outcome.then(
      () => undefined,
      () => undefined,
    );
    this.#running.add(settled);
    void settled.then(() => this.#running.delete(settled));
    return outcome;
  }

  async #runAlone(statement: Statement): Promise<EngineResult> {
    const session = new Session(this.#path);
    try {
      const run = (sql: string, format: string): Promise<RawOutcome> =>
        this.#addon.QueryAsyncConnection(session.connection, sql, format);
      for (const sql of preparations(statement)) await run(sql, 'Null');
      if (statement.data === undefined) return toResult(await run(statement.sql, statement.format));
      const [, head, settings = '', format] = binaryInsert.exec(statement.sql) ?? [];
      if (head !== undefined) {
        // Inline data ends for the engine at the first empty line, which binary rows may well hold.
        return await this.#withFile(statement.data, async (path) =>
          toResult(await run(`${head} SELECT * FROM file(${quote(path)}, '${format}')${settings}`, statement.format)),
        );
      }
      return toResult(
        await this.#addon.InsertRawAsyncConnection(session.connection, statement.sql, statement.data, false),
      );
    } finally {
      session.close();
    }
  }

  async #withFile<T>(data: Buffer, use: (path: string) => Promise<T>): Promise<T> {
    const path = join(this.#bodies, `${this.#bodyCount++}.rows`);
    try {
      await writeFile(path, data);
      return await use(path);
    } finally {
      await rm(path, { force: true });
    }
  }

  /** Waits for running statements, then lets the folder go. Closing a connection under a running one kills the engine. */
  async close(): Promise<void> {
    await Promise.all(this.#running);
    this.#anchor.close();
  }
}

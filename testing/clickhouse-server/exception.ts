/** An engine exception in the shape the HTTP interface reports it. */
export interface EngineException {
  /** ClickHouse's error number, e.g. 60. */
  code: number;
  /** The HTTP status a ClickHouse server answers this number with. */
  httpStatus: number;
  /** `Code: N. DB::Exception: ... (NAME) (version V)`, one trailing newline. */
  body: string;
}

/** Number of an exception that carries none: something outside the engine failed. */
const stdExceptionCode = 1001;

/** The numbers a ClickHouse server does not answer with 500. */
const statusByCode: ReadonlyMap<number, number> = new Map([
  // What does not exist: functions, identifiers, types, storages, tables, formats, databases, settings.
  ...[46, 47, 50, 56, 60, 63, 73, 81, 115].map((code): [number, number] => [code, 404]),
  // What does not parse: numbers, texts, dates, uuids, input assertions, syntax, types.
  ...[6, 26, 27, 34, 35, 36, 38, 41, 43, 53, 62, 72, 117, 131, 376, 377, 441, 456, 457].map(
    (code): [number, number] => [code, 400],
  ),
  [164, 403],
  [497, 403],
  [159, 408],
  [48, 501],
  [203, 503],
  [209, 503],
]);

/** Reads what chDB threw. Its addon has no other channel for the number than the start of the text. */
export const describeException = (thrown: unknown, version: string): EngineException => {
  const text = (thrown instanceof Error ? thrown.message : String(thrown)).trimEnd();
  const found = /^Code: (\d+)\. DB::Exception: /.exec(text);
  const code = found === null ? stdExceptionCode : Number(found[1]);
  const described = found === null ? `Code: ${code}. DB::Exception: ${text} (STD_EXCEPTION)` : text;
  return { code, httpStatus: statusByCode.get(code) ?? 500, body: `${described} (version ${version})\n` };
};

/** An exception that the protocol layer itself raises, in the engine's own text form. */
export const protocolError = (code: number, name: string, message: string): Error =>
  new Error(`Code: ${code}. DB::Exception: ${message}. (${name})`);

/** What goes wrong on a connection, with its own settings. */
export type TransportTrouble =
  | { kind: 'close'; code?: number }
  | { kind: 'drop' }
  | { kind: 'stall'; pings?: boolean; forMs?: number }
  | { kind: 'refuse'; status?: number }
  | { kind: 'silent' }
  | { kind: 'clamp'; lookBackMs: number }
  | { kind: 'duplicate'; frames?: number }
  | { kind: 'time-back'; backUs?: number; frames?: number }
  | { kind: 'binary' }
  | { kind: 'invalid-utf8' };

/** One entry of a script of transport faults. */
export type TransportFault = TransportTrouble & {
  /** The connection it happens to, counted from 1 over the life of the host; every one where it is left out. */
  connection?: number;
  /** After so many frames on that connection (default 0: before the first). Has no meaning for refuse, silent and clamp. */
  afterFrames?: number;
  /** Again and again after every so many further frames. */
  everyFrames?: number;
};

/** The name of one transport fault. */
export type TransportFaultName = TransportTrouble['kind'];

/** All transport faults, each with one line on what it does and the settings it takes. */
export const TRANSPORT_FAULTS: Record<TransportFaultName, string> = {
  close: 'closes the connection politely (code=1000)',
  drop: 'destroys the socket without a word',
  stall: 'keeps the connection open and sends nothing more (pings=true, forMs= to go on later)',
  refuse: 'answers the request with an HTTP error (status=503)',
  silent: 'accepts the connection and never sends a frame',
  clamp: 'remembers less than it says: older cursors silently start at lookBackMs= ago',
  duplicate: 'sends the last frames= once more (10)',
  'time-back': 'stamps the next frames= (5) backUs= earlier (30000)',
  binary: 'sends a binary message in between',
  'invalid-utf8': 'sends a text message that is not UTF-8, on which a client must close',
};

/** A fault in words turned into a fault, or why it could not be. */
export type ParsedFault = { ok: true; fault: TransportFault } | { ok: false; reason: string };

const NUMBERS = [
  'connection',
  'afterFrames',
  'everyFrames',
  'code',
  'forMs',
  'status',
  'lookBackMs',
  'frames',
  'backUs',
];

const isName = (text: string): text is TransportFaultName => Object.hasOwn(TRANSPORT_FAULTS, text);

/**
 * Reads a fault written as `name:key=value,key=value`, for instance `drop:connection=1,afterFrames=500` or
 * `clamp:lookBackMs=60000`.
 */
export const parseTransportFault = (text: string): ParsedFault => {
  const [name = '', settings = ''] = text.split(':');
  if (!isName(name)) {
    return { ok: false, reason: `no fault is called "${name}"; there are ${Object.keys(TRANSPORT_FAULTS).join(', ')}` };
  }
  const fault: { [key: string]: unknown } = { kind: name };
  for (const setting of settings.split(',').filter((each) => each !== '')) {
    const [key = '', value = ''] = setting.split('=');
    if (key === 'pings' && (value === 'true' || value === 'false')) fault[key] = value === 'true';
    else if (NUMBERS.includes(key) && /^\d+$/.test(value)) fault[key] = Number(value);
    else return { ok: false, reason: `"${setting}" is no setting of ${name}: ${TRANSPORT_FAULTS[name]}` };
  }
  if (name === 'clamp' && fault['lookBackMs'] === undefined) return { ok: false, reason: 'clamp needs lookBackMs=' };
  return { ok: true, fault: fault as unknown as TransportFault };
};

/** The faults of one connection, as a script that is asked before every frame. */
export interface ConnectionScript {
  readonly refuseStatus: number | undefined;
  readonly silent: boolean;
  /** How far back this connection may read, in milliseconds; undefined for all that is kept. */
  readonly lookBackMs: number | undefined;
  /** The next fault that is due after so many frames, each once (or once in every `everyFrames`). */
  due(sentFrames: number): TransportFault | undefined;
}

/** Takes from a script what concerns one connection. */
export const scriptFor = (faults: readonly TransportFault[], connection: number): ConnectionScript => {
  const mine = faults.filter((fault) => fault.connection === undefined || fault.connection === connection);
  const atConnect = <K extends TransportFaultName>(kind: K): Extract<TransportFault, { kind: K }> | undefined =>
    mine.find((fault): fault is Extract<TransportFault, { kind: K }> => fault.kind === kind);
  const waiting = mine
    .filter((fault) => !['refuse', 'silent', 'clamp'].includes(fault.kind))
    .map((fault) => ({ fault, dueAt: fault.afterFrames ?? fault.everyFrames ?? 0 }));
  const refused = atConnect('refuse');
  return {
    refuseStatus: refused === undefined ? undefined : (refused.status ?? 503),
    silent: atConnect('silent') !== undefined,
    lookBackMs: atConnect('clamp')?.lookBackMs,
    due: (sentFrames) => {
      const next = waiting.find((each) => each.dueAt <= sentFrames);
      if (next === undefined) return undefined;
      next.dueAt = next.fault.everyFrames === undefined ? Infinity : sentFrames + Math.max(1, next.fault.everyFrames);
      return next.fault;
    },
  };
};

import { UserError } from '#pkg/runtime/errors.ts';
import { CONTENT_FAULTS, FAULT_NAMES, type FaultName } from '#testing/simulator/fault-names.ts';
import { parseTransportFault, TRANSPORT_FAULTS, type TransportFault } from '#testing/simulator/transport-faults.ts';
import type { HostileOptions } from '#testing/simulator/world.ts';

/** How many frames are damaged once any kind of damage is asked for. */
const damagedShare = 0.02;

/**
 * What `--fault` says: faults of connections (`stall`, `drop:connection=1,afterFrames=500`), and kinds of damaged frames
 * (`nul-in-text`; `damaged` for all of them).
 */
export const parseFaults = (
  texts: readonly string[],
): { faults: TransportFault[]; hostile: HostileOptions | undefined } => {
  const faults: TransportFault[] = [];
  const damage = new Set<FaultName>();
  for (const text of rejoin(texts)) {
    const name = FAULT_NAMES.find((known) => known === text);
    // `duplicate` is both: as a fault of the connection it needs no share, so that one is meant.
    const parsed = parseTransportFault(text);
    if (parsed.ok) faults.push(parsed.fault);
    else if (name !== undefined) damage.add(name);
    else if (text === 'damaged') for (const each of FAULT_NAMES) damage.add(each);
    else throw unknownFault(text, parsed.reason);
  }
  const hostile = damage.size === 0 ? undefined : { probability: damagedShare, faults: [...damage] };
  return { faults, hostile };
};

/** The option splits its text at commas; a fault's own settings are separated by commas too. */
const rejoin = (texts: readonly string[]): string[] => {
  const whole: string[] = [];
  for (const text of texts) {
    const last = whole.at(-1);
    if (last !== undefined && text.includes('=') && !text.includes(':')) whole[whole.length - 1] = `${last},${text}`;
    else whole.push(text);
  }
  return whole;
};

const unknownFault = (text: string, reason: string): UserError => {
  const isKnown = Object.hasOwn(TRANSPORT_FAULTS, text.split(':', 1)[0] ?? '');
  if (isKnown)
    return new UserError(`--fault ${text}: ${reason}.`, { hint: 'For example: --fault drop:afterFrames=500' });
  const names = [...Object.keys(TRANSPORT_FAULTS), 'damaged', ...Object.keys(CONTENT_FAULTS)];
  return new UserError(`There is no fault "${text}".`, { hint: `There are: ${[...new Set(names)].join(', ')}.` });
};

import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of `/proc/<pid>/stat` a second, on every Linux that Node runs on. */
const TICKS = 100;

interface Stat {
  readonly parent: number;
  /** Its own and that of its children that have ended. */
  readonly ticks: number;
}

const statOf = (pid: number): Stat | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The command's name, in brackets, may hold anything.
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, ticks: utime + stime + cutime + cstime };
  } catch {
    return undefined;
  }
};

/** CPU seconds that a process and all its children have used so far. Linux only: NaN elsewhere. */
export const cpuOf = (pid: number): number => {
  const all = new Map<number, Stat>();
  try {
    for (const name of readdirSync('/proc')) {
      const stat = /^\d+$/.test(name) ? statOf(Number(name)) : undefined;
      if (stat !== undefined) all.set(Number(name), stat);
    }
  } catch {
    return Number.NaN;
  }
  const sum = (each: number): number => {
    let ticks = all.get(each)?.ticks ?? 0;
    for (const [child, { parent }] of all) if (parent === each) ticks += sum(child);
    return ticks;
  };
  return sum(pid) / TICKS;
};

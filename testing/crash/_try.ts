import { runOutages } from '/work/main/testing/crash/outage.ts';
const t = Date.now();
console.log(await runOutages({ awayMs: 2500, floodStallMs: 3000, floodFrames: 15000, liveRate: 300, say: (l) => console.log((Date.now() - t) / 1000, l) }), (Date.now() - t) / 1000);
process.exit(0);

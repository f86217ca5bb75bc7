import { describe, expect, it } from 'vitest';
import { findGap } from './gaps.ts';

const hourUs = 3_600_000_000;
const nowUs = 1_790_000_000_000_000;
const at = (change: Partial<Parameters<typeof findGap>[0]>) =>
  findGap({
    lastUs: nowUs - hourUs,
    firstUs: nowUs - hourUs,
    nowUs,
    lookBackUs: 36 * hourUs,
    toleranceUs: 0,
    source: 'a.host',
    ...change,
  });

describe('findGap', () => {
  it('finds none where the host begins at or before the last event read', () => {
    expect(at({})).toBeUndefined();
    expect(at({ firstUs: nowUs - 2 * hourUs })).toBeUndefined();
  });
  it('finds none before anything was read', () => {
    expect(at({ lastUs: 0, firstUs: nowUs })).toBeUndefined();
  });
  it('names both bounds of what the host skipped in silence', () => {
    expect(at({ firstUs: nowUs })).toEqual({
      fromUs: nowUs - hourUs,
      toUs: nowUs,
      reason: 'missing',
      source: 'a.host',
    });
  });
  it('tells what is too old to be had from what should have been there', () => {
    expect(at({ lastUs: nowUs - 37 * hourUs, firstUs: nowUs - 36 * hourUs })?.reason).toBe('look_back');
    expect(at({ lastUs: nowUs - 35 * hourUs, firstUs: nowUs - 34 * hourUs })?.reason).toBe('missing');
  });
  it('allows for another host’s clock, and for no more', () => {
    expect(at({ firstUs: nowUs - hourUs + 1_000_000, toleranceUs: 1_000_000 })).toBeUndefined();
    expect(at({ firstUs: nowUs - hourUs + 1_000_001, toleranceUs: 1_000_000 })).toBeDefined();
  });
});

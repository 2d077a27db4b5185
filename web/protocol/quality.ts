// From figures to three bars and words. Pure.
import type { Flow } from './messages.ts';

/** 0: no path; 1 poor, 2 fair, 3 good. */
export type Level = 0 | 1 | 2 | 3;

export function level(flow: Flow): Exclude<Level, 0> {
  if (flow.loss > 0.08 || flow.rtt_ms > 500) return 1;
  if (flow.loss > 0.02 || flow.rtt_ms > 220) return 2;
  return 3;
}

export const LEVEL_WORDS: Record<Level, string> = {
  0: 'No connection',
  1: 'Poor connection',
  2: 'Fair connection',
  3: 'Good connection',
};

/** Received counters of one moment, summed over all tracks. */
export interface Received {
  at: number;
  packets: number;
  lost: number;
  bytes: number;
  rtt_ms: number;
}

/** The flow between two moments. */
export function between(a: Received, b: Received): Flow {
  const seconds = Math.max(0.001, (b.at - a.at) / 1000);
  const lost = Math.max(0, b.lost - a.lost);
  const packets = Math.max(0, b.packets - a.packets);
  return {
    loss: lost + packets ? lost / (lost + packets) : 0,
    rtt_ms: b.rtt_ms,
    kbps: Math.max(0, ((b.bytes - a.bytes) * 8) / 1000 / seconds),
  };
}

// When to dial again: doubling waits with jitter, so that a restarted server is not met by everyone
// at once.

const FIRST_MS = 300;
const LONGEST_MS = 8000;

/** Milliseconds before attempt `attempt` (0 is the first after a loss); `random` is in [0, 1). */
export function backoffMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return Math.round(full * (0.5 + random / 2));
}

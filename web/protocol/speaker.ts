// Who speaks, without flicker: one is "speaking" a moment longer than heard, and the stage changes
// hands only when another has been heard for a while. Pure.
import type { LeafId } from './messages.ts';

const HEARD = 0.012;
const HOLD_MS = 700;
const TAKE_STAGE_MS = 900;

/** Root mean square (0 to 1) of the sound between two readings of its energy. */
export function loudness(
  then: { energy: number; seconds: number },
  now: { energy: number; seconds: number },
): number {
  const seconds = now.seconds - then.seconds;
  return seconds > 0 ? Math.sqrt(Math.max(0, now.energy - then.energy) / seconds) : 0;
}

export class Speakers {
  private readonly last = new Map<LeafId, number>();
  private rival: { id: LeafId; since: number } | null = null;
  /** The one on stage: the last who held the word. */
  stage: LeafId | null = null;

  /** Loudness (0 to 1) of each at one moment, and who speaks now. */
  hear(levels: ReadonlyMap<LeafId, number>, now: number): Set<LeafId> {
    let loudest: LeafId | null = null;
    let most = HEARD;
    for (const [id, loud] of levels) {
      if (loud <= HEARD) continue;
      this.last.set(id, now);
      if (loud > most) [loudest, most] = [id, loud];
    }
    for (const [id, at] of this.last)
      if (now - at > HOLD_MS || !levels.has(id)) this.last.delete(id);
    if (this.stage && !levels.has(this.stage)) this.stage = null;
    this.contend(loudest, now);
    return new Set(this.last.keys());
  }

  private contend(loudest: LeafId | null, now: number): void {
    if (!loudest || loudest === this.stage) {
      this.rival = null;
    } else if (this.rival?.id !== loudest) {
      this.rival = { id: loudest, since: now };
      if (!this.stage) this.stage = loudest;
    } else if (now - this.rival.since >= TAKE_STAGE_MS) {
      this.stage = loudest;
      this.rival = null;
    }
  }
}

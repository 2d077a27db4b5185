// A second look at our own senders (e2ee.md §11): what the browser says it sent is held against what
// came through the transform, which seals a frame or drops it. A frame that got around the
// transform was sent and never seen there. Pure.

/** Frames on their way: browsers count video before it comes to the transform. */
const DOUBT = 30;
const KEPT_MS = 30_000;

interface Line {
  sent: number; // in all, by the count before: what was on its way then has come through since
  last: number; // as counted last
  earlier: number; // before a count fell
  excused: number; // what was found bad and said
  badAt: number | null;
}

export class SentGuard {
  private readonly lines = new Map<number, Line>();

  /**
   * Counts of one sender since it was made. `sent` was read before `seen`, and is judged by the
   * next call's `seen`: sums, so that neither a page nor a worker that is late looks like a cheat.
   * A count that fell, as of a stream that was made anew, goes on from where it was.
   */
  note(id: number, sent: number, seen: number, now: number): void {
    const line = this.lines.get(id) ?? { sent: 0, last: 0, earlier: 0, excused: 0, badAt: null };
    const earlier = sent < line.last ? line.earlier + line.last - sent : line.earlier;
    const over = line.sent - line.excused - seen;
    const bad = over > DOUBT;
    this.lines.set(id, {
      sent: earlier + sent,
      last: sent,
      earlier,
      excused: bad ? line.excused + over : line.excused,
      badAt: bad ? now : line.badAt,
    });
  }

  bad(id: number, now: number): boolean {
    const at = this.lines.get(id)?.badAt ?? null;
    return at !== null && now - at < KEPT_MS;
  }
}

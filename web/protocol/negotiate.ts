// The order of offers and answers. The browser alone offers, one offer is out at a time, and
// whatever changed meanwhile goes into the next: so there is no glare and no lost change. Pure:
// events in, actions out.

export type Action =
  { do: 'offer'; n: number; restart: boolean } | { do: 'apply'; n: number } | { do: 'rebuild' };

/** An answer later than this is taken for lost: the request is sent anew. */
export const ANSWER_TIMEOUT_MS = 15_000;
const LOST_BEFORE_REBUILD = 2;

export class Negotiation {
  private n = 0;
  private waiting = false;
  private sentAt = 0;
  private dirty = false;
  private restart = false;
  private online = false;
  private lost = 0;

  /** The number of the offer that is out, 0 when none is. */
  get outstanding(): number {
    return this.waiting ? this.n : 0;
  }

  /** The socket is there: what is said now is heard. */
  get up(): boolean {
    return this.online;
  }

  /** Lines, directions or senders changed. */
  change(now: number): Action[] {
    this.dirty = true;
    return this.next(now);
  }

  /** The path died or the network changed: the next offer carries new ICE credentials. */
  iceRestart(now: number): Action[] {
    this.restart = this.dirty = true;
    return this.next(now);
  }

  /**
   * The signalling socket is welcome (again). An offer that was out when it fell is not answered
   * any more.
   */
  socketUp(now: number): Action[] {
    this.online = true;
    if (this.waiting) {
      this.waiting = false;
      this.dirty = true;
    }
    return this.next(now);
  }

  socketDown(): void {
    this.online = false;
  }

  answer(n: number): Action[] {
    if (!this.waiting || n !== this.n) return [];
    this.lost = 0;
    return [{ do: 'apply', n }];
  }

  /**
   * The answer was applied, or the browser refused it: a refused one is followed by a new
   * connection.
   */
  applied(n: number, ok: boolean, now: number): Action[] {
    if (!ok) return [{ do: 'rebuild' }];
    // The socket came back while this one was applied: a newer offer is out already.
    if (n !== this.n) return [];
    this.waiting = false;
    return this.next(now);
  }

  /** The server refused the offer; `dead` says that this connection is over there for good. */
  refused(now: number, dead = false): Action[] {
    if (!this.waiting) return [];
    this.waiting = false;
    return dead ? [{ do: 'rebuild' }] : this.count(now);
  }

  tick(now: number): Action[] {
    if (!this.waiting || !this.online || now - this.sentAt < ANSWER_TIMEOUT_MS) return [];
    this.waiting = false;
    return this.count(now);
  }

  private count(now: number): Action[] {
    this.dirty = true;
    if (++this.lost >= LOST_BEFORE_REBUILD) {
      this.lost = 0;
      return [{ do: 'rebuild' }];
    }
    return this.next(now);
  }

  private next(now: number): Action[] {
    if (!this.dirty || this.waiting || !this.online) return [];
    const restart = this.restart;
    this.dirty = this.restart = false;
    this.waiting = true;
    this.sentAt = now;
    return [{ do: 'offer', n: ++this.n, restart }];
  }
}

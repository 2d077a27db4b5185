// What this device said as a host, until the server is known to have it: a line that breaks may have
// lost the last of it (signaling.md §2). Pure.

const MOST = 256;

export class Said {
  private list: { n: number; msg: string }[] = [];
  private pings: { at: number; upTo: number }[] = [];
  private last = 0;

  add(msg: string): void {
    this.list.push({ n: ++this.last, msg });
    if (this.list.length > MOST) this.list.shift();
  }

  /** A ping went out behind everything said until now. */
  ping(at: number): void {
    this.pings.push({ at, upTo: this.last });
    if (this.pings.length > MOST) this.pings.shift();
  }

  /** Frames are obeyed in their order: what was said before an answered ping has arrived. */
  pong(at: number): void {
    const found = this.pings.findIndex((p) => p.at === at);
    if (found < 0) return;
    const { upTo } = this.pings[found]!;
    this.pings.splice(0, found + 1);
    this.list = this.list.filter((one) => one.n > upTo);
  }

  /** A new line: pings of the old one prove nothing any more. */
  newLine(): void {
    this.pings = [];
  }

  /** What may not have arrived, in its order. */
  get unconfirmed(): string[] {
    return this.list.map((one) => one.msg);
  }
}

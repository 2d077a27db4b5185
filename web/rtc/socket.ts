// The signalling socket: dials, notices a dead line, dials again with growing waits. It knows
// nothing of what it carries: text in, signed binary frames out.
import { backoffMs } from '../protocol/backoff.ts';

const SILENT_MS = 12_000;
const PING_MS = 4_000;
const DIAL_MS = 10_000;

export interface SocketEvents {
  open(): void;
  text(frame: string): void;
  /** The line is gone. `code` is the close code; the socket dials again by itself until `stop`. */
  down(code: number): void;
  /** Time to send something, so that both ends see that the line lives. */
  ping(): void;
}

export class Socket {
  private ws: WebSocket | null = null;
  private attempt = 0;
  private heard = 0;
  private stopped = false;
  private timer = 0;
  private readonly beat: number;

  constructor(
    private readonly url: string,
    private readonly events: SocketEvents,
  ) {
    this.beat = window.setInterval(() => this.watch(), PING_MS);
    window.addEventListener('online', this.hurry);
    this.dial();
  }

  get open(): boolean {
    return this.ws?.readyState === WebSocket.OPEN;
  }

  /**
   * Sends, or says no: what cannot go now is not queued, for the signature binds it to this
   * connection.
   */
  send(frame: Uint8Array): boolean {
    if (!this.open) return false;
    this.ws!.send(frame as Uint8Array<ArrayBuffer>);
    return true;
  }

  /** The line proved good: the next loss starts with the shortest wait. */
  settled(): void {
    this.attempt = 0;
  }

  /** Drops the line and dials anew (tests, and a network that changed under us). */
  redial(): void {
    if (this.ws) this.lose(this.ws, 4001);
  }

  /**
   * The page goes: the server hears so at once, where a lost line would be waited for. A page that
   * comes back, out of the browser's cache, sees the line closed and dials again.
   */
  hangUp(): void {
    this.ws?.close(1000);
  }

  stop(): void {
    this.stopped = true;
    clearInterval(this.beat);
    clearTimeout(this.timer);
    window.removeEventListener('online', this.hurry);
    const ws = this.ws;
    this.ws = null;
    ws?.close(1000);
  }

  private readonly hurry = (): void => {
    if (this.stopped) return;
    this.attempt = 0;
    if (this.ws) return;
    clearTimeout(this.timer);
    this.dial();
  };

  private dial(): void {
    const ws = new WebSocket(this.url);
    ws.binaryType = 'arraybuffer';
    this.ws = ws;
    this.heard = performance.now();
    ws.onopen = () => {
      if (this.ws !== ws) return;
      this.heard = performance.now();
      this.events.open();
    };
    ws.onmessage = (e) => {
      if (this.ws !== ws) return;
      this.heard = performance.now();
      if (typeof e.data === 'string') this.events.text(e.data);
    };
    ws.onclose = (e) => this.lose(ws, e.code);
  }

  private lose(ws: WebSocket, code: number): void {
    if (this.ws !== ws) return;
    this.ws = null;
    ws.onclose = ws.onmessage = ws.onopen = null;
    ws.close();
    if (this.stopped) return;
    this.timer = window.setTimeout(() => this.dial(), backoffMs(this.attempt++, Math.random()));
    this.events.down(code);
  }

  private watch(): void {
    const ws = this.ws;
    if (!ws) return;
    const silent = performance.now() - this.heard;
    if (silent > (ws.readyState === WebSocket.OPEN ? SILENT_MS : DIAL_MS)) this.lose(ws, 4002);
    else if (ws.readyState === WebSocket.OPEN) this.events.ping();
  }
}

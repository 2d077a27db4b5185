// Raw bytes over TCP to a server under test, and programs that live for a test.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { once } from 'node:events';

/** A program that prints its port on its first line and ends with its standard input. */
export async function startProgram(path, ...args) {
  const child = spawn(path, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  return { port: Number.parseInt(line), stop: () => child.stdin.end() };
}

/** A connection that keeps what it heard. */
export class Line {
  constructor(port) {
    this.heard = Buffer.alloc(0);
    this.ended = false;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.socket.on('data', (part) => {
      this.heard = Buffer.concat([this.heard, part]);
      this.wake?.();
    });
    for (const end of ['end', 'close', 'error']) this.socket.on(end, () => {
      this.ended = true;
      this.wake?.();
    });
  }
  say(bytes) {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }
  /** Until `enough` is true, the other side ends, or `ms` have passed without a byte. */
  async hear(enough, ms) {
    for (;;) {
      if (this.ended || enough(this.heard)) return this.heard;
      const before = this.heard.length;
      let timer;
      await new Promise((woken) => {
        this.wake = woken;
        timer = setTimeout(woken, ms);
      });
      clearTimeout(timer);
      this.wake = undefined;
      if (this.heard.length === before && !this.ended) return this.heard;
    }
  }
  close() {
    this.socket.destroy();
  }
}

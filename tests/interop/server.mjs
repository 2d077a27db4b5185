// Starts the real server on free ports of loopback and stops it again. Used by every interop test.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const program = process.argv[2];
if (!program) {
  console.error('usage: node SCRIPT PATH-TO-v100');
  process.exit(2);
}

let failures = 0;
export function check(condition, what) {
  console.log(`${condition ? 'ok  ' : 'FAIL'} ${what}`);
  if (!condition) failures++;
}
export function finish() {
  process.exit(failures === 0 ? 0 : 1);
}
export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// Words of the command line; a last `{ stdin: true }` opens the program's standard input.
export async function startServer(...args) {
  const { stdin = false } = typeof args.at(-1) === 'object' ? args.pop() : {};
  const data = mkdtempSync(join(tmpdir(), 'v100-interop-'));
  const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
  const child = spawn(program, ['serve', '--data', data, ...listen, '--udp-port', '0',
    '--health-listen', '127.0.0.1:0', '--log-level', 'debug', ...args], { stdio: [stdin ? 'pipe' : 'ignore', 'pipe', 'pipe'] });
  const log = [];
  let greeting = '';
  child.stderr.setEncoding('utf8').on('data', (text) => log.push(text));
  await new Promise((up, failed) => {
    child.on('exit', (code) => failed(new Error(`v100 serve ended with ${code}: ${log.join('')}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      greeting += text;
      if (greeting.includes('Ctrl-C')) up();
    });
  });
  child.removeAllListeners('exit');
  const port = Number(/localhost:(\d+)\//.exec(greeting)[1]);
  const healthPort = Number(/127\.0\.0\.1:(\d+)\/readyz/.exec(greeting)[1]);
  return {
    greeting, port, healthPort, child,
    log: () => log.join(''),
    said: (line) => greeting.split('\n').includes(line), // on standard output
    // One counter or gauge as a number; 0 when it is not told.
    async metric(name) {
      const text = await get(healthPort, '/metrics');
      const line = text.split('\n').find((l) => l.startsWith(name + ' '));
      return line ? Number(line.slice(name.length + 1)) : 0;
    },
    get: (path) => get(healthPort, path),
    async stop(signal = 'SIGTERM') {
      const ended = new Promise((done) => child.on('exit', done));
      child.kill(signal);
      const code = await ended;
      rmSync(data, { recursive: true, force: true });
      return code;
    },
  };
}

export function get(port, path) {
  return new Promise((done, failed) => {
    request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => done(text));
    }).on('error', failed).end();
  });
}

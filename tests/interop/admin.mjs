// Broken if this fails: an owner cannot take a new server into his hands, or what was revoked goes on speaking, or an
// acknowledged key is gone after kill -9. The real server and the real command line.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { check, finish, program } from './server.mjs';

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'v100-admin-'));

async function serve() {
  const child = spawn(program, ['serve', '--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--udp-port', '0',
    '--health-listen', '127.0.0.1:0', '--log-level', 'error'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let greeting = '';
  await new Promise((up, failed) => {
    child.on('exit', (code) => failed(new Error(`v100 serve ended with ${code}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      greeting += text;
      if (greeting.includes('Ctrl-C')) up();
    });
  });
  child.removeAllListeners('exit');
  return {
    url: `https://localhost:${/localhost:(\d+)\//.exec(greeting)[1]}`,
    token: /--token (\S+)/.exec(greeting)?.[1],
    end: (signal) => new Promise((done) => {
      child.on('exit', done);
      child.kill(signal);
    }),
  };
}

let server = await serve();
async function admin(verb, key, ...rest) {
  const { stdout, code = 0, stderr } = await run(program, ['admin', verb, '--json', '--server', server.url, '--key', join(folder, key), ...rest]).catch((e) => e);
  return { code, text: stderr, ...(stdout.trim().startsWith('{') ? JSON.parse(stdout) : {}) };
}

check(/^[\w-]{43}$/.test(server.token ?? ''), 'a new server prints a one-time token');
const owner = await admin('enrol', 'owner.pem', '--token', server.token);
check(owner.code === 0 && owner.alg === 'ML-DSA-65', `the owner's key is enrolled ${owner.text ?? ''}`);
check((statSync(join(folder, 'owner.pem')).mode & 0o777) === 0o600, 'the new key is for its owner alone');
check((await admin('enrol', 'thief.pem', '--token', server.token)).code === 1, 'the token works once');
// What was signed in the first two seconds after a start is refused: it may have been seen before the start.
async function patiently(...words) {
  for (let i = 0; ; i++) {
    const answer = await admin(...words);
    if (answer.code === 0 || i === 30) return answer;
    await new Promise((done) => setTimeout(done, 200));
  }
}
const me = await patiently('me', 'owner.pem');
check(me.principal?.roles.includes('owner') && me.lane === 'header', 'the owner speaks by signatures');

const tenant = await admin('add-tenant', 'owner.pem', 'clinic');
const ada = await admin('add-principal', 'owner.pem', 'Ada', '--tenant', `${tenant.id}`, '--role', 'admin');
const { token } = await admin('token', 'owner.pem', `${ada.id}`);
const key = await admin('enrol', 'ada.pem', '--token', token);
check(key.principal === ada.id, 'an admin enrols with a token from the owner');
check((await admin('add-principal', 'ada.pem', 'Bob', '--role', 'member')).tenant === tenant.id, 'an admin makes principals of its tenant');
check((await admin('add-tenant', 'ada.pem', 'other')).code === 1, 'and no tenants');
check((await admin('me', 'thief.pem')).code !== 0, 'an unknown key is nobody');

const fresh = await admin('rotate', 'ada.pem', '--new-key', join(folder, 'ada2.pem'), '--overlap', '60');
check((await admin('me', 'ada2.pem')).key === fresh.id && (await admin('me', 'ada.pem')).code === 0, 'old and new key overlap');
check((await admin('revoke', 'ada2.pem', key.id)).revoked === true, 'a key is revoked');
check((await admin('me', 'ada.pem')).code === 1, 'and refused at once');

await server.end('SIGKILL');
server = await serve();
check(server.token === undefined, 'a server with keys prints no token');
const again = await patiently('me', 'ada2.pem');
check(again.key === fresh.id, 'after kill -9 acknowledged keys are there');
check((await admin('me', 'ada.pem')).code === 1, 'and the revoked one is not');
const log = await admin('log', 'owner.pem');
const lines = log.events?.map((e) => JSON.parse(e.line).event) ?? [];
check(['key-enrolled', 'key-rotated', 'key-revoked'].every((e) => lines.includes(e)), `the key log says all of it (${lines.length} lines)`);
await server.end('SIGTERM');
rmSync(folder, { recursive: true, force: true });
finish();

// Broken if this fails: starting, telling, draining and refusing, as an operator meets them.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'node:https';
import { check, finish, program, sleep, startServer } from './server.mjs';

const run = (args, env = {}) => spawnSync(program, ['serve', ...args], {
  encoding: 'utf8', timeout: 20000, env: { ...process.env, ...env } });
const folder = mkdtempSync(join(tmpdir(), 'v100-serve-'));
const free = ['--data', join(folder, 'data'), '--listen', '127.0.0.1:0', '--health-listen', '127.0.0.1:0', '--udp-port', '0'];

// ---- Refusals say what to do, and exit with 2 ----
check(run(['--help']).status === 0 && /--udp-port/.test(run(['--help']).stdout), '--help lists the settings');
for (const [args, words, env] of [
  [['--udp-port', '70000'], /--udp-port is a number from 0 to 65535/],
  [['--listen', 'example.org:80'], /--listen is ADDRESS:PORT/],
  [['--listen', '::1:80'], /brackets/],
  [['--nonsense'], /nonsense/],
  [['--log-level', 'loud'], /debug, info, warning or error/],
  [['--cert', 'a.pem'], /--cert and --key go together/],
  [['--insecure-http'], /loopback only/],
  [[...free, '--cert', '/nowhere/a.pem', '--key', '/nowhere/b.pem'], /cannot be read/],
  [[...free, '--run', 'nothing'], /there is no service "nothing"/],
  [['--data', '/proc/nowhere'], /cannot be made/],
  [[], /V100_UDP_PORT is a number/, { V100_UDP_PORT: 'x' }],
  [['--config', '/nowhere.toml'], /nowhere\.toml/],
]) {
  const result = run(args, env);
  check(result.status === 2 && words.test(result.stderr), `refused with 2: ${args.join(' ') || JSON.stringify(env)}` +
    (words.test(result.stderr) ? '' : `: ${result.stderr}`));
}
const file = join(folder, 'v100.toml');
writeFileSync(file, 'strict = true\n\nudp_prot = 1\n');
check(/v100\.toml:3: there is no setting "udp_prot"/.test(run(['--config', file]).stderr), 'an unknown line of the file is named');
writeFileSync(file, 'strict = \n');
check(/v100\.toml:1/.test(run(['--config', file]).stderr), 'a broken file is named with its line');

const taken = createServer().listen(0, '127.0.0.1');
await sleep(50);
const clash = run([...free.slice(0, 2), '--listen', `127.0.0.1:${taken.address().port}`, '--health-listen', '127.0.0.1:0', '--udp-port', '0']);
check(clash.status === 2 && /in use by another program.*--listen/.test(clash.stderr), 'a taken port is told with the way out');
taken.close();

// ---- Flags beat the environment, which beats the file ----
{
  writeFileSync(file, 'strict = true\nlog_level = "error"\nannounce = ["192.0.2.7"]\n');
  const server = await startServer('--config', file);
  await sleep(200);
  check(/refused/.test(server.greeting) && /192\.0\.2\.7/.test(server.greeting), 'the file is read');
  check(server.log().includes('"event":"serve.up"'), '--log-level beats the file');

  // ---- What it tells ----
  check(await server.get('/livez') === 'ok\n', '/livez');
  check(await server.get('/readyz') === 'ok\n', '/readyz');
  const version = JSON.parse(await server.get('/version'));
  check(version.version && version.commit && version.kernel, '/version');
  const metrics = await server.get('/metrics');
  check(metrics.split('\n').every((line) => /^(#.*|[a-z_0-9]+(\{[^}]*\})? -?\d+|)$/.test(line)), '/metrics is Prometheus text');
  check(/v100_info\{.*pq_group="(v100|openssl)"/.test(metrics), '/metrics names the group provider');
  check(server.log().trim().split('\n').every((line) => { JSON.parse(line); return true; }), 'every log line is JSON');

  // ---- The same data folder twice ----
  const data = /Data +(\S+)/.exec(server.greeting)[1];
  const second = run(['--data', data, ...free.slice(2)]);
  check(second.status === 2 && /another v100 serves from/.test(second.stderr), 'two servers do not share a data folder');
  check((statSync(join(data, 'tls/key.pem')).mode & 0o777) === 0o600, 'the key is ours alone to read');
  const kept = readFileSync(join(data, 'tls/cert.pem'), 'utf8');
  server.child.kill('SIGHUP');
  for (let i = 0; i < 50 && !server.log().includes('"event":"tls.reload"'); i++) await sleep(100);
  check(readFileSync(join(data, 'tls/cert.pem'), 'utf8') === kept, 'the certificate is kept');
  check(server.log().includes('"event":"tls.reload","ok":1'), 'SIGHUP reads the certificate again');
  check(await server.stop('SIGINT') === 0, 'SIGINT drains and ends with 0');
}

// ---- A second signal ends it at once; keep-alive connections do not hold a drain up ----
{
  const server = await startServer('--drain-seconds', '60');
  const held = request({ host: '127.0.0.1', port: server.port, path: '/livez', rejectUnauthorized: false,
    headers: { Connection: 'keep-alive' } }, (response) => response.resume());
  held.on('error', () => {});
  held.end();
  await sleep(300);
  const before = Date.now();
  check(await server.stop() === 0 && Date.now() - before < 5000, 'an idle keep-alive connection does not hold a drain up');
}

// ---- A socket is told why, at the deadline; a second signal does not wait for it ----
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const openSocket = async (server) => {
  const made = await fetch(`https://127.0.0.1:${server.port}/v1/rooms`, { method: 'POST',
    headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ host: 'ab'.repeat(32), lobby: false }) });
  const { room } = await made.json();
  const socket = new WebSocket(`wss://127.0.0.1:${server.port}/v1/signal?room=${room}`);
  const closed = new Promise((done) => (socket.onclose = done));
  const first = await new Promise((got, failed) => {
    socket.onmessage = ({ data }) => got(JSON.parse(data));
    socket.onerror = failed;
  });
  return { first, closed };
};
{
  const server = await startServer('--drain-seconds', '1');
  const { first, closed } = await openSocket(server);
  check(first.t === 'challenge' && first.kex === 'X25519MLKEM768' && first.pq === true, 'signaling tells the page its hop');
  check(await server.metric('v100_ws_connections') === 1, 'the socket is counted');
  const ended = server.stop();
  await sleep(300);
  check(await server.get('/readyz') === 'draining\n', '/readyz says draining');
  const { code, reason } = await closed;
  check(code === 1001 && reason === 'the server is going away', 'the socket closes with 1001 and the reason');
  check(await ended === 0, 'and the server ends with 0');
}
{
  const server = await startServer('--drain-seconds', '60');
  await openSocket(server);
  const ended = server.stop();
  await sleep(300);
  server.child.kill('SIGTERM');
  check(await ended === 1, 'a second signal ends it at once, with 1');
}
rmSync(folder, { recursive: true, force: true });
finish();

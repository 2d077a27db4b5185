// Broken if this fails: a host that asks for a certificate by ACME keeps serving its self-made one. The authority is
// Debian's pebble, Let's Encrypt's test server.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { check, finish, get, skip, sleep, startServer } from './server.mjs';

if (spawnSync('sh', ['-c', 'command -v pebble pebble-challtestsrv']).status !== 0) skip('pebble is not installed');

const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});
const issuerOf = (port) => new Promise((done) => {
  const socket = connect({ host: '127.0.0.1', port, servername: 'call.example', rejectUnauthorized: false }, () => {
    done(socket.getPeerCertificate().issuer.CN);
    socket.end();
  });
  socket.on('error', () => done('error'));
});

const folder = mkdtempSync(join(tmpdir(), 'v100-acme-'));
const [authority, http, dns] = [await freePort(), await freePort(), await freePort()];
execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1',
  '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', join(folder, 'tls.key'), '-out', join(folder, 'tls.pem')], { stdio: 'ignore' });
writeFileSync(join(folder, 'pebble.json'), JSON.stringify({ pebble: { listenAddress: `127.0.0.1:${authority}`,
  certificate: join(folder, 'tls.pem'), privateKey: join(folder, 'tls.key'), httpPort: http, tlsPort: await freePort() } }));
const names = spawn('pebble-challtestsrv', ['-dns01', `127.0.0.1:${dns}`, '-defaultIPv6', '', '-defaultIPv4', '127.0.0.1',
  '-http01', '', '-https01', '', '-tlsalpn01', '', '-management', `127.0.0.1:${await freePort()}`], { stdio: 'ignore' });
const pebble = spawn('pebble', ['-config', join(folder, 'pebble.json'), '-dnsserver', `127.0.0.1:${dns}`],
  { stdio: 'ignore', env: { ...process.env, PEBBLE_VA_NOSLEEP: '1' } });
await sleep(1500);

const server = await startServer('--acme-domains', 'call.example', '--acme-directory', `https://127.0.0.1:${authority}/dir`,
  '--acme-ca', join(folder, 'tls.pem'), '--acme-listen', `127.0.0.1:${http}`);
check(/self-made until/.test(server.greeting), 'it serves at once, under a self-made certificate');
let issuer = '';
for (let i = 0; i < 60 && !issuer.startsWith('Pebble'); i++) {
  await sleep(500);
  issuer = await issuerOf(server.port);
}
check(issuer.startsWith('Pebble'), `then under the authority's, without a restart (issuer: ${issuer})`);
if (!issuer.startsWith('Pebble')) console.log(server.log().split('\n').filter((line) => line.includes('acme')).join('\n'));
check((await get(http, '/.well-known/acme-challenge/none')) === 'no such challenge\n', 'the plain port knows no other challenge');
check((await get(http, '/r/x')) === 'this is served over HTTPS\n', 'and sends everyone else to HTTPS');
check(await server.stop() === 0, 'it ends with 0');
names.kill();
pebble.kill();
rmSync(folder, { recursive: true, force: true });
finish();

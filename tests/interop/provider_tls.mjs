// Broken if this fails: Debian's nginx, curl and openssl become post-quantum by v100.cnf alone, with Chromium and node
// (OpenSSL 3.5) as peers; and certificates that Debian's openssl made serve in TLS where OpenSSL is 3.5.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { request } from 'node:https';
import * as tls from 'node:tls';
import { chromium, open, startChromium } from './devtools.mjs';
import { at, environment, folder, need, openssl } from './provider.mjs';
import { check, finish, skip, sleep } from './server.mjs';

need(skip);
const group = 'X25519MLKEM768';
const nginxProgram = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync);
if (!nginxProgram) skip('no nginx');

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

// What a client that lists `curves` agrees on: the group's name, or "refused".
function agree(port, curves, more = {}) {
  return new Promise((done) => {
    const socket = tls.connect({ host: '127.0.0.1', port, ecdhCurve: curves, rejectUnauthorized: false, ...more }, () => {
      const name = socket.getEphemeralKeyInfo().name ?? 'unknown';
      socket.on('close', () => done(name)).resume();
      socket.end();
    });
    socket.on('error', (error) => done(`refused: ${error.message}`));
  });
}

function fetchPage(port, curves) {
  return new Promise((done, failed) => {
    request({ host: '127.0.0.1', port, ecdhCurve: curves, rejectUnauthorized: false, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => done({ text, headers: response.headers }));
    }).on('error', failed).end();
  });
}

// Debian's nginx; `curves` is its ssl_ecdh_curve line, or nothing: then v100.cnf decides.
async function startNginx(curves) {
  const port = await freePort();
  mkdirSync(at('logs'), { recursive: true });
  writeFileSync(at('nginx.conf'), `daemon off; master_process off; pid ${at('nginx.pid')}; error_log stderr;
events {}
http {
  access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder};
  uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server {
    listen 127.0.0.1:${port} ssl http2;
    ssl_protocols TLSv1.3; ssl_certificate ${at('server.pem')}; ssl_certificate_key ${at('server.key')};
    ${curves ? `ssl_ecdh_curve ${curves};` : ''}
    location / { add_header X-Curve $ssl_curve always; return 200 "hello\\n"; }
  }
}
`);
  const child = spawn(nginxProgram, ['-p', folder, '-c', at('nginx.conf')], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log += text));
  let answered = false;
  for (let i = 0; i < 100 && !answered && child.exitCode === null; ++i) {
    await sleep(100);
    answered = !(await agree(port, 'X25519:X25519MLKEM768')).startsWith('refused');
  }
  check(answered, `nginx answers ${answered ? '' : log}`);
  return {
    port,
    async stop() {
      const ended = new Promise((done) => child.on('exit', done));
      child.kill('SIGQUIT');
      check((await ended) === 0, 'nginx ends in order, with the provider loaded');
    },
  };
}

const curl = (port, env) =>
  spawnSync('/usr/bin/curl', ['-sk', '-D', '-', '--http1.1', `https://127.0.0.1:${port}/`], { env, encoding: 'utf8', timeout: 20000 });

const made = openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc', '-keyout', 'server.key', '-out', 'server.pem',
  '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-days', '3');
check(made.status === 0, `a classical certificate ${made.stderr}`);
for (const curves of [`${group}:X25519`, '']) {
  const name = curves ? 'ssl_ecdh_curve' : 'by v100.cnf alone';
  const nginx = await startNginx(curves);
  check((await agree(nginx.port, group)) === group, `nginx, ${name}: node agrees on ${group}`);
  check((await agree(nginx.port, 'X25519')) === 'X25519', `nginx, ${name}: a classical node is served`);
  const page = await fetchPage(nginx.port, group);
  check(page.text === 'hello\n' && page.headers['x-curve'] === '0x11ec', `nginx, ${name}: and nginx says the same: ${page.headers['x-curve']}`);
  const fetched = curl(nginx.port, environment);
  check(/X-Curve: 0x11ec/i.test(fetched.stdout), `Debian's curl becomes post-quantum: ${/X-Curve: \S+/i.exec(fetched.stdout)?.[0] ?? fetched.stderr}`);
  check(/X-Curve: X25519/i.test(curl(nginx.port, { ...process.env, no_proxy: '*' }).stdout), 'and is classical without the configuration');
  if (chromium) {
    const browser = await startChromium();
    const response = await open(browser, `https://127.0.0.1:${nginx.port}/`);
    check(response?.securityDetails?.keyExchangeGroup === group, `nginx, ${name}: Chromium agrees on ${response?.securityDetails?.keyExchangeGroup}`);
    check(response?.protocol === 'h2', `nginx, ${name}: over HTTP/2`);
    await browser.stop();
  }
  await nginx.stop();
}
{
  const strict = await startNginx(group);
  check((await agree(strict.port, 'X25519')).startsWith('refused'), 'nginx with the hybrid group alone refuses a classical client');
  check((await agree(strict.port, `X25519:${group}`)) === group, 'and takes one that lists it second, by HelloRetryRequest');
  await strict.stop();
}

// Debian's openssl as a client of a server that takes post-quantum groups alone, with a certificate that it made itself.
for (const [command, ...args] of [
  ['req', '-x509', '-newkey', 'ML-DSA-65', '-noenc', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=root', '-days', '9'],
  ['req', '-new', '-newkey', 'ML-DSA-65', '-noenc', '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=localhost'],
  ['x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'leaf.pem', '-days', '8'],
]) {
  const done = openssl(command, ...args);
  check(done.status === 0, `openssl ${command} ${done.status === 0 ? '' : done.stderr}`);
}
const read = (name) => readFileSync(at(name));
function serve(certificate, key, curves) {
  return new Promise((up) => {
    const server = tls.createServer({ cert: read(certificate), key: read(key), ecdhCurve: curves }, (socket) => {
      socket.on('error', () => {});
      socket.end(`agreed on ${socket.getEphemeralKeyInfo?.()?.name ?? ''}\n`);
    });
    server.on('tlsClientError', () => {});
    server.listen(0, '127.0.0.1', () => up(server));
  });
}
for (const curves of [group, 'MLKEM512', 'MLKEM768', 'MLKEM1024']) {
  const server = await serve('server.pem', 'server.key', curves);
  const spoken = await new Promise((done) => {
    const child = spawn('/usr/bin/openssl', ['s_client', '-connect', `127.0.0.1:${server.address().port}`, '-tls1_3', '-groups', curves],
      { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (part) => (text += part));
    child.on('exit', () => done(text));
  });
  check(/New, TLSv1\.3/.test(spoken) && /agreed on/.test(spoken), `openssl s_client on ${curves} with node's server`);
  server.close();
}
{
  const server = await serve('leaf.pem', 'leaf.key', group);
  const { port } = server.address();
  const verified = await agree(port, group, { ca: read('ca.pem'), rejectUnauthorized: true, servername: 'localhost' });
  check(verified === group, `node serves and verifies the ML-DSA-65 chain that Debian's openssl made: ${verified}`);
  check(/^refused/.test(await agree(port, group, { ca: read('server.pem'), rejectUnauthorized: true, servername: 'localhost' })), 'and refuses it under another root');
  server.close();
}
finish();

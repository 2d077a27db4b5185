// Broken if this fails: which TLS clients get in, and under which label. Node (OpenSSL 3.5) speaks the hybrid group;
// Debian's curl and openssl stand for monitoring and other classical clients.
import { execFileSync, spawnSync } from 'node:child_process';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { check, finish, sleep, startServer } from './server.mjs';

const options = (port, curve) => ({ host: '127.0.0.1', port, rejectUnauthorized: false, ecdhCurve: curve });

// What a client that lists `curve` agrees on: the group's name, or "refused".
function agree(port, curve) {
  return new Promise((done) => {
    const socket = connect(options(port, curve), () => {
      // Closed in order: a reset could overtake our Finished, and the server would count a failure.
      socket.on('close', () => done(name)).resume();
      const name = socket.getEphemeralKeyInfo().name ?? 'unknown';
      socket.end();
    });
    socket.on('error', () => done('refused'));
  });
}

function fetchPage(port, curve) {
  return new Promise((done, failed) => {
    request({ ...options(port, curve), path: '/', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part));
      response.on('end', () => done({ status: response.statusCode, headers: response.headers, text }));
    }).on('error', failed).end();
  });
}

function openssl(port, groups) {
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-groups', groups, '-tls1_3'];
  return spawnSync('openssl', args, { input: '', encoding: 'utf8', timeout: 10000 });
}

const handshakes = (group) => `v100_tls_handshakes_total{group="${group}"}`;

{
  const server = await startServer();
  check(await agree(server.port, 'X25519MLKEM768') === 'X25519MLKEM768', 'node with X25519MLKEM768 alone');
  check(await agree(server.port, 'X25519MLKEM768:X25519') === 'X25519MLKEM768', 'node with both, hybrid first');
  check(await agree(server.port, 'X25519:X25519MLKEM768') === 'X25519MLKEM768', 'node with both, classical share first');
  check(await agree(server.port, 'X25519') === 'X25519', 'node with X25519 alone is served');

  const hybrid = await fetchPage(server.port, 'X25519MLKEM768');
  check(hybrid.status === 200 && hybrid.headers['x-v100-kex'] === 'X25519MLKEM768', 'the page, labelled X25519MLKEM768');
  check(/default-src 'none'/.test(hybrid.headers['content-security-policy'] ?? ''), 'strict CSP');
  check(hybrid.headers['cross-origin-opener-policy'] === 'same-origin' &&
        hybrid.headers['cross-origin-embedder-policy'] === 'require-corp', 'COOP and COEP');
  check(hybrid.headers['strict-transport-security'] === undefined, 'no HSTS on a self-made certificate');
  check(/<!doctype html>/i.test(hybrid.text), 'the page is HTML');
  const classical = await fetchPage(server.port, 'X25519');
  check(classical.headers['x-v100-kex'] === 'X25519', 'a classical client is labelled X25519');

  const curl = execFileSync('curl', ['-sk', '-D', '-', '-o', '/dev/null', `https://127.0.0.1:${server.port}/livez`],
    { encoding: 'utf8', env: { ...process.env, no_proxy: '*' } });
  check(/^HTTP\/(1\.1|2) 200/.test(curl) && /X-V100-Kex: X25519\r/i.test(curl), "Debian's curl is served and labelled");
  check(/TLSv1\.3/.test(openssl(server.port, 'P-256').stdout), 'openssl s_client with P-256 is served');
  await sleep(100);
  check((await server.metric(handshakes('X25519MLKEM768'))) === 4, 'the metric counts 4 hybrid handshakes');
  check(await server.metric(handshakes('X25519')) === 3, 'and 3 with X25519');
  check(await server.metric(handshakes('secp256r1')) === 1, 'and 1 with P-256');
  check(server.log().includes('"group":"X25519","post_quantum":0'), 'the log labels the classical client');
  check(await server.stop() === 0, 'SIGTERM ends it with 0');
}
{
  const server = await startServer('--strict');
  check(/refused/.test(server.greeting), 'the greeting says strict');
  check(await agree(server.port, 'X25519MLKEM768:X25519') === 'X25519MLKEM768', 'strict: node with the hybrid group');
  check(await agree(server.port, 'X25519:X25519MLKEM768') === 'X25519MLKEM768', 'strict: by HelloRetryRequest');
  check(await agree(server.port, 'X25519:P-256') === 'refused', 'strict: a classical node is refused');
  const refused = openssl(server.port, 'X25519:P-256');
  check(refused.status !== 0 && /handshake failure|alert number 40/.test(refused.stderr), "strict: openssl gets alert 40");
  check(spawnSync('curl', ['-sk', `https://127.0.0.1:${server.port}/livez`], { env: { ...process.env, no_proxy: '*' } }).status === 35,
    "strict: Debian's curl is refused");
  check(await server.metric('v100_tls_failures_total') === 3, 'strict: 3 failures are counted');
  check(await server.metric(handshakes('X25519')) === 0, 'strict: no classical handshake');
  check(await server.get('/livez') === 'ok\n', 'strict: the plain health port answers');
  await server.stop();
}
finish();

// Broken if this fails: Chromium no longer opens our page over a post-quantum connection.
import { chromium, open, startChromium } from './devtools.mjs';
import { check, finish, skip, startServer } from './server.mjs';

if (!chromium) skip('no Chromium');

for (const mode of [[], ['--strict']]) {
  const name = mode.length ? 'strict' : 'default';
  const server = await startServer(...mode);
  const browser = await startChromium();
  const page = await open(browser, `https://127.0.0.1:${server.port}/`);
  check(page?.status === 200, `${name}: Chromium opens the page`);
  check(page?.securityDetails?.protocol === 'TLS 1.3', `${name}: over TLS 1.3`);
  check(page?.securityDetails?.keyExchangeGroup === 'X25519MLKEM768', `${name}: by X25519MLKEM768`);
  const header = Object.entries(page?.headers ?? {}).find(([key]) => key.toLowerCase() === 'x-v100-kex');
  check(header?.[1] === 'X25519MLKEM768', `${name}: and the server says the same`);
  check(await server.metric('v100_tls_handshakes_total{group="X25519"}') === 0, `${name}: nothing classical`);
  await browser.stop();
  await server.stop();
}
finish();

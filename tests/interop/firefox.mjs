// Broken if this fails: Firefox no longer opens our page over a post-quantum connection. Firefox tells no group to its
// driver, so the server's own header and metric are the witnesses.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, finish, skip, sleep, startServer } from './server.mjs';

const firefox = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);
if (!firefox) skip('no Firefox');

// A WebDriver BiDi session with a fresh headless Firefox.
async function startFirefox() {
  const profile = mkdtempSync(join(tmpdir(), 'v100-firefox-'));
  writeFileSync(join(profile, 'user.js'), 'user_pref("network.proxy.type", 0);\nuser_pref("app.update.auto", false);\n' +
    'user_pref("datareporting.policy.dataSubmissionEnabled", false);\n');
  const child = spawn(firefox, ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', '0'],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: profile } });
  const url = await new Promise((up, failed) => {
    let text = '';
    child.on('exit', () => failed(new Error('Firefox ended: ' + text)));
    child.stderr.setEncoding('utf8').on('data', (part) => {
      text += part;
      const found = /WebDriver BiDi listening on (ws:\S+)/.exec(text);
      if (found) up(found[1]);
    });
  });
  const socket = new WebSocket(`${url}/session`);
  await new Promise((open, failed) => { socket.onopen = open; socket.onerror = failed; });
  const waiting = new Map();
  const listeners = [];
  let number = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.id) waiting.get(message.id)?.(message);
    else listeners.forEach((listener) => listener(message));
  };
  const call = (method, params = {}) => {
    const id = ++number;
    socket.send(JSON.stringify({ id, method, params }));
    return new Promise((done) => waiting.set(id, done));
  };
  await call('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } });
  return {
    call,
    on: (listener) => listeners.push(listener),
    async stop() {
      child.removeAllListeners('exit');
      child.kill('SIGKILL');
      await sleep(500);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

for (const mode of [[], ['--strict']]) {
  const name = mode.length ? 'strict' : 'default';
  const server = await startServer(...mode);
  const browser = await startFirefox();
  const tree = await browser.call('browsingContext.getTree');
  const context = tree.result.contexts[0].context;
  await browser.call('session.subscribe', { events: ['network.responseCompleted'] });
  const url = `https://127.0.0.1:${server.port}/`;
  let response = null;
  browser.on(({ method, params }) => {
    if (method === 'network.responseCompleted' && params.request.url === url) response = params.response;
  });
  await Promise.race([browser.call('browsingContext.navigate', { context, url, wait: 'complete' }), sleep(40000)]);
  await sleep(300);
  check(response?.status === 200, `${name}: Firefox opens the page`);
  const header = response?.headers.find(({ name: key }) => key.toLowerCase() === 'x-v100-kex');
  check(header?.value.value === 'X25519MLKEM768', `${name}: by X25519MLKEM768, says the header`);
  check(await server.metric('v100_tls_handshakes_total{group="X25519MLKEM768"}') > 0, `${name}: and the metric`);
  check(await server.metric('v100_tls_handshakes_total{group="X25519"}') === 0, `${name}: nothing classical`);
  await browser.stop();
  await server.stop();
}
finish();

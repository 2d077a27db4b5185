// A headless Chromium under DevTools: for what only the browser itself can tell, such as the group of a connection.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find(existsSync);

// A DevTools connection to a fresh headless Chromium.
export async function startChromium() {
  const profile = mkdtempSync(join(tmpdir(), 'v100-chromium-'));
  const child = spawn(chromium, ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync', '--ignore-certificate-errors',
    '--no-proxy-server', '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] });
  const browserUrl = await new Promise((up, failed) => {
    let text = '';
    child.on('exit', () => failed(new Error('Chromium ended: ' + text)));
    child.stderr.setEncoding('utf8').on('data', (part) => {
      text += part;
      const found = /DevTools listening on (ws:\S+)/.exec(text);
      if (found) up(found[1]);
    });
  });
  const list = await (await fetch(`http://127.0.0.1:${new URL(browserUrl).port}/json/list`)).json();
  const socket = new WebSocket(list.find((target) => target.type === 'page').webSocketDebuggerUrl);
  await new Promise((open) => (socket.onopen = open));
  const waiting = new Map();
  const listeners = [];
  let number = 0;
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.id) waiting.get(message.id)?.(message);
    else listeners.forEach((listener) => listener(message));
  };
  return {
    call(method, params = {}) {
      const id = ++number;
      socket.send(JSON.stringify({ id, method, params }));
      return new Promise((done) => waiting.set(id, done));
    },
    on: (listener) => listeners.push(listener),
    async stop() {
      const ended = new Promise((done) => child.on('exit', done));
      child.removeAllListeners('exit');
      child.on('exit', () => {});
      child.kill('SIGKILL');
      await Promise.race([ended, new Promise((done) => setTimeout(done, 2000))]);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

// Opens the address; the document's response as DevTools has it, or null after half a minute.
export function open(browser, url) {
  return new Promise((done) => {
    browser.on(({ method, params }) => {
      if (method === 'Network.responseReceived' && params.type === 'Document') done(params.response);
    });
    browser.call('Network.enable')
      .then(() => browser.call('Page.enable'))
      .then(() => browser.call('Page.navigate', { url }));
    setTimeout(() => done(null), 30000);
  });
}

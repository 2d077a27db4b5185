// Pages from memory on a loopback port, and browsers to open them: for tests that need no v100 server.
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const web = createRequire(new URL('../../web/package.json', import.meta.url));

export function skip(why) {
  console.log(`skipped: ${why}`);
  process.exit(77);
}
/** An npm package that is installed with the web client's tools. */
export function need(name) {
  try {
    return web(name);
  } catch {
    return skip(`npm package ${name} is not installed (npm ci --prefix web)`);
  }
}
/** One script with everything that `entry` imports. */
export async function bundle(entry) {
  const options = { entryPoints: [entry], bundle: true, write: false, format: 'esm', target: 'es2022' };
  return (await need('esbuild').build(options)).outputFiles[0].text;
}
/** `files`: path to [content type, bytes]. */
export async function serve(files) {
  const server = createServer((request, response) => {
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, { 'content-type': file?.[0] ?? 'text/plain' });
    response.end(file?.[1]);
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => server.close() };
}

const quietChromium = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];
const quietFirefox = {
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'app.normandy.enabled': false,
  'extensions.update.enabled': false,
};

export async function openChromium(args = []) {
  const executablePath = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
  if (!executablePath) skip('no chromium');
  return need('playwright-core').chromium.launch({ executablePath, args: [...quietChromium, ...args] });
}
export async function openFirefox(prefs = {}) {
  const executablePath = ['/usr/bin/firefox-esr', '/usr/bin/firefox'].find(existsSync);
  if (!executablePath) skip('no firefox');
  const puppeteer = need('puppeteer-core');
  const extraPrefsFirefox = { ...quietFirefox, ...prefs };
  return (puppeteer.default ?? puppeteer).launch({ browser: 'firefox', executablePath, headless: true, extraPrefsFirefox });
}

// Pictures of the design: node web/dev/look.mjs OUTDIR [FILTER]. Serves the mock page under the
// product's content security policy and photographs each scene. PLAYWRIGHT names a folder with
// playwright-core.
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [out = '/tmp/look', filter = ''] = process.argv.slice(2);
const { chromium } = createRequire(join(process.env.PLAYWRIGHT ?? here, 'x'))('playwright-core');

async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, '..', entry)],
    bundle: true,
    write: false,
    format: 'esm',
    outdir: 'x',
  });
  return result.outputFiles[0].text;
}
const files = {
  '/app.js': ['text/javascript', await bundle('dev/look.ts')],
  '/app.css': ['text/css', await bundle('styles/main.css')],
  '/icon.svg': ['image/svg+xml', readFileSync(join(here, '../styles/icon.svg'), 'utf8')],
};
const html = readFileSync(join(here, '../index.html'), 'utf8')
  .replace(/ integrity="[^"]*"/g, '')
  .replace('{{app.url}}', '/app.js')
  .replace('{{css.url}}', '/app.css')
  .replace('{{icon.url}}', '/icon.svg');
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; worker-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
const server = createServer((request, response) => {
  const [type, text] = files[request.url] ?? ['text/html; charset=utf-8', html];
  response
    .writeHead(200, {
      'content-type': type,
      'content-security-policy': policy,
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
    })
    .end(text);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const base = `http://localhost:${server.address().port}/`;

const DESK = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };
const SHOTS = [
  ['start', 'scene=start'],
  ['prejoin', 'scene=prejoin'],
  ['prejoin-off', 'scene=prejoin&off=1'],
  ['alone', 'scene=grid&n=1'],
  ['two', 'scene=grid&n=2'],
  ['grid', 'scene=grid&n=6&notice=1&lobby=1'],
  ['speaker', 'scene=speaker&n=5'],
  ['screen', 'scene=screen&n=5'],
  ['chat', 'scene=grid&n=4&press=c'],
  ['people', 'scene=grid&n=5&lobby=1&press=p'],
  ['privacy', 'scene=grid&n=3&press=e&badge=green'],
  ['amber', 'scene=grid&n=3&press=e&badge=amber'],
  ['code', 'scene=grid&n=2&click=badge,compare'],
  ['settings', 'scene=grid&n=3&click=more,open-settings'],
  ['more', 'scene=grid&n=3&click=more'],
  ['invite', 'scene=grid&n=3&press=i'],
  ['reconnecting', 'scene=grid&n=4&state=reconnecting'],
  ['blocked', 'scene=grid&n=3&state=blocked'],
  ['many', 'scene=grid&n=30'],
  ['over', 'scene=over'],
];
mkdirSync(out, { recursive: true });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--use-fake-device-for-media-stream',
    '--use-fake-ui-for-media-stream',
    '--autoplay-policy=no-user-gesture-required',
  ],
});
for (const [size, viewport] of [
  ['desk', DESK],
  ['phone', PHONE],
]) {
  for (const scheme of ['light', 'dark']) {
    const context = await browser.newContext({
      viewport,
      colorScheme: scheme,
      deviceScaleFactor: 1,
    });
    for (const [name, query] of SHOTS) {
      const file = `${name}-${size}-${scheme}`;
      if (filter && !new RegExp(filter).test(file)) continue;
      const page = await context.newPage();
      page.on(
        'console',
        (m) => ['error', 'warning'].includes(m.type()) && console.log(file, m.text()),
      );
      page.on('pageerror', (e) => console.log(file, String(e)));
      await page.goto(base + '?' + query);
      await page.waitForTimeout(1300);
      await page.screenshot({ path: join(out, file + '.png') });
      await page.close();
    }
    await context.close();
  }
}
await browser.close();
server.close();

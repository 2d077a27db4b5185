// If this fails, media does not pass our transforms in a real browser, or something false is shown.
//   node web/crypto/loop/run.mjs chromium|firefox --wasm FILE
// Exit 77: something that the test needs is not installed.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, openChromium, openFirefox, serve } from '../../../tests/interop/pages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2];
const wasm = process.argv[process.argv.indexOf('--wasm') + 1];

const pages = async () => ({
  '/favicon.ico': ['image/x-icon', ''],
  '/': ['text/html', '<!doctype html><title>loop</title><script type="module" src="/page.js"></script>'],
  '/page.js': ['text/javascript', await bundle(join(here, 'page.ts'))],
  '/worker.js': ['text/javascript', await bundle(join(here, 'worker.ts'))],
  '/v100.wasm': ['application/wasm', readFileSync(wasm)],
});

const chromiumFlags = [
  '--allow-loopback-in-peer-connection',
  '--use-fake-device-for-media-stream',
  '--use-fake-ui-for-media-stream',
  '--autoplay-policy=no-user-gesture-required',
];
const firefoxPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
};

const open = () => (target === 'chromium' ? openChromium(chromiumFlags) : openFirefox(firefoxPrefs));

const check = (what, holds) => {
  if (!holds) throw new Error(`failed: ${what}`);
};

// Firefox pairs no loopback addresses: it needs a network namespace, which not everybody may make.
function inNamespace() {
  const script = join(here, '../../../tests/interop/netns.sh');
  if (spawnSync(script, ['true']).status !== 0) return false;
  const again = [script, [process.execPath, ...process.argv.slice(1)]];
  const options = { stdio: 'inherit', env: { ...process.env, V100_NETNS: '1' } };
  process.exitCode = spawnSync(...again, options).status ?? 1;
  return true;
}

async function main() {
  let media = !process.argv.includes('--no-media');
  if (target === 'firefox' && media && !process.env.V100_NETNS) {
    if (inNamespace()) return;
    console.log('no right to make a network namespace: Firefox is tested without media');
    media = false;
  }
  const site = await serve(await pages());
  const browser = await open();
  try {
    console.log(`browser: ${await browser.version()}`);
    const page = await browser.newPage();
    page.on('console', (m) => console.log(`  [page] ${m.text()}`));
    page.on('pageerror', (e) => console.log(`  [error] ${e.message}`));
    await page.goto(site.url);
    const group = await page.evaluate(() => window.runGroup());
    console.log('group:', JSON.stringify(group));
    check('60 digits', group.digits === 71);
    const vectors = process.env.V100_VECTORS;
    if (vectors) {
      const text = readFileSync(join(vectors, 'sframe/test-vectors.json'), 'utf8');
      console.log('vectors:', JSON.stringify(await page.evaluate((t) => window.runVectors(t), text)));
    } else {
      console.log('V100_VECTORS is not set: SFrame vectors in the page are skipped');
    }
    if (!media) return;
    for (const codec of ['VP8', 'VP9']) {
      await page.goto(site.url);
      const report = await page.evaluate((c) => window.runLoop(c), codec);
      console.log(`${codec}:`, JSON.stringify(report));
      check('nothing refused in honest use', report.quiet.length === 0);
      for (const attack of ['alter', 'replay', 'plaintext']) {
        check(`${attack} is said within 2 s`, report[attack].ms <= 2000);
        check(`${attack} is counted`, report[attack].dropped > 0);
        check(`${attack} is not shown`, report[attack].shown <= 3); // those already decoding
      }
      check('a dead worker is noticed within 2 s', report.deadMs <= 2200);
      check('a dead worker is said', report.deadBadge === 'worker-dead');
    }
  } finally {
    await browser.close();
    site.close();
  }
}
await main();

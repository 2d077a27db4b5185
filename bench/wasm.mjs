// v100.wasm in Chromium: rows as of `v100 bench --json`, or a table.
//   node bench/wasm.mjs [--json] [--wasm FILE] [--quick]
// Times are of performance.now() around runs long enough for its coarse steps; a page has no cycles.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundle, openChromium, serve, skip } from '../tests/interop/pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const option = (name) => (process.argv.includes(name) ? process.argv[process.argv.indexOf(name) + 1] : undefined);
const built = ['build/release/web/wasm/v100.wasm', 'build/release/web-dist/v100.wasm'];
const wasm = option('--wasm') ?? built.map((path) => root + path).find(existsSync);
if (!wasm) skip('v100.wasm is not built: ./dev build release v100_wasm');
const quick = process.argv.includes('--quick');

// In the page.
const inPage = async ([runs, ms]) => {
  const { loadCore } = await import('/core.js');
  const { mlkem768, mldsa65 } = await loadCore(fetch('/v100.wasm'));
  const seed = new Uint8Array(32);
  const message = new TextEncoder().encode('fifty-nine bytes, as long as the message of the first notes');
  const pair = mldsa65.keygen(seed);
  const signature = mldsa65.sign(seed, message);
  const kem = mlkem768.keygen(new Uint8Array(64));
  const sent = mlkem768.encaps(kem.publicKey);
  const rows = {
    'mldsa65/verify/raw': () => mldsa65.verify(pair.publicKey, message, signature),
    'mldsa65/sign/raw': () => mldsa65.sign(pair.privateKey, message), // fresh hedges: the mean over rejections
    'mldsa65/keygen': () => mldsa65.keygen(seed),
    'mlkem768/keygen': () => mlkem768.keygen(),
    'mlkem768/encaps/raw': () => mlkem768.encaps(kem.publicKey),
    'mlkem768/decaps/raw': () => mlkem768.decaps(kem.privateKey, sent.ciphertext),
  };
  const results = [];
  for (const [name, operation] of Object.entries(rows)) {
    const warm = performance.now();
    let calls = 0;
    while (performance.now() - warm < 4 * ms) (operation(), ++calls); // compiled and tiered up
    calls = Math.max(1, Math.round(calls / 4));
    const us = [];
    for (let run = 0; run < runs; ++run) {
      const begin = performance.now();
      for (let i = 0; i < calls; ++i) operation();
      us.push(((performance.now() - begin) * 1000) / calls);
    }
    us.sort((a, b) => a - b);
    results.push({ name, us: us[runs >> 1], us_min: us[0], us_max: us[runs - 1], runs });
  }
  return results;
};

const site = await serve({
  '/': ['text/html', '<!doctype html><title>v100</title>'],
  '/core.js': ['text/javascript', await bundle(`${root}web/wasm/core.ts`)],
  '/v100.wasm': ['application/wasm', readFileSync(wasm)],
});
const browser = await openChromium();
try {
  const page = await browser.newPage();
  await page.goto(site.url);
  for (const r of await page.evaluate(inPage, quick ? [7, 10] : [15, 40])) {
    const row = { ...r, ops_per_s: Math.round(1e6 / r.us), cycles: null, kernel: 'simd128', batch: 1 };
    row.browser = `chromium ${browser.version()}`;
    if (process.argv.includes('--json')) {
      console.log(JSON.stringify(row));
    } else {
      const spread = `[${r.us_min.toFixed(1)} .. ${r.us_max.toFixed(1)}]`;
      console.log(`${r.name.padEnd(28)} ${r.us.toFixed(1).padStart(9)} us  ${spread.padEnd(20)} ${row.browser}`);
    }
  }
} finally {
  await browser.close();
  site.close();
}

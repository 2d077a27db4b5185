// If this fails, the crypto in the browser is not the crypto of the server: v100.wasm against the
// native build and against WebCrypto.
//   node tests/interop/wasm_test.mjs node|chromium|firefox --wasm FILE --native PROGRAM
// Exit 77: something that the test needs is not installed (said in one line).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { bundle, openChromium, openFirefox, serve } from './pages.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2];
const option = (name) => process.argv[process.argv.indexOf(name) + 1];

const sizeLimit = 150 * 1024; // gzipped: what a first visit may cost for crypto

function checkModule(wasm) {
  const module = new WebAssembly.Module(wasm);
  const imports = WebAssembly.Module.imports(module);
  if (imports.length) throw new Error(`v100.wasm imports ${JSON.stringify(imports)}`);
  const zipped = gzipSync(wasm, { level: 9 }).length;
  console.log(`v100.wasm: ${wasm.length} bytes, ${zipped} gzipped`);
  if (zipped > sizeLimit) throw new Error(`v100.wasm is above ${sizeLimit} bytes gzipped`);
}

// In the page: the cases once in the page itself and once in a module worker.
const inPage = async () => {
  const cases = await (await fetch('/cases.json')).json();
  const { runCases } = await import('/cases.js');
  const page = await runCases(fetch('/v100.wasm'), cases);
  const module = await WebAssembly.compileStreaming(fetch('/v100.wasm'));
  const worker = new Worker('/cases.js', { type: 'module' });
  const inWorker = await new Promise((done, failed) => {
    worker.onmessage = (event) => done(event.data);
    worker.onerror = (event) => failed(new Error(`worker: ${event.message}`));
    worker.postMessage({ module, cases });
  });
  worker.terminate();
  return { page, worker: inWorker };
};

async function runInBrowser(browser, site) {
  try {
    const page = await browser.newPage();
    await page.goto(site.url);
    console.log(`browser: ${await browser.version()}`);
    return await page.evaluate(inPage);
  } finally {
    await browser.close();
  }
}

async function main() {
  const wasm = readFileSync(option('--wasm'));
  checkModule(wasm);
  const native = execFileSync(option('--native'), { maxBuffer: 1 << 28 });
  const script = await bundle(join(here, 'wasm_cases.ts'));
  let reports;
  if (target === 'node') {
    const folder = mkdtempSync(join(tmpdir(), 'v100-wasm-'));
    try {
      const file = join(folder, 'cases.mjs');
      writeFileSync(file, script);
      const { runCases } = await import(pathToFileURL(file));
      console.log(`node ${process.version}`);
      reports = { node: await runCases(wasm, JSON.parse(native)) };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } else {
    const site = await serve({
      '/': ['text/html', '<!doctype html><title>v100</title>'],
      '/cases.js': ['text/javascript', script],
      '/cases.json': ['application/json', native],
      '/v100.wasm': ['application/wasm', wasm],
    });
    const browser = await (target === 'firefox' ? openFirefox() : openChromium());
    reports = await runInBrowser(browser, site);
    site.close();
  }
  let failed = false;
  for (const [where, report] of Object.entries(reports)) {
    console.log(`${where}: ${report.compared} comparisons, ${report.failures.length} failures`);
    for (const line of report.checked) console.log(`  also: ${line}`);
    for (const line of report.skipped) console.log(`  not here: ${line}`);
    for (const line of report.failures.slice(0, 20)) console.log(`  FAILED ${line}`);
    for (const [what, us] of Object.entries(report.times)) console.log(`  ${what}: ${us} µs`);
    failed ||= report.failures.length > 0 || report.compared < 500;
  }
  process.exit(failed ? 1 : 0);
}

await main();

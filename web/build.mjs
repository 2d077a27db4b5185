// Builds the web client into web/dist: hashed files and manifest.json, which the server compiles
// in. node web/build.mjs [--out DIR] [--wasm FILE] [--dev] Needs node 18 and the two packages of
// package.json; no network.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const option = (name, fallback) => {
  const at = process.argv.indexOf(name);
  return at < 0 ? fallback : process.argv[at + 1];
};
const out = resolve(option('--out', join(here, 'dist')));
const dev = process.argv.includes('--dev');
const built = join(here, '../build/release/web/wasm/v100.wasm');
const wasm = option('--wasm', existsSync(built) ? built : undefined);
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const sri = (bytes) => 'sha384-' + createHash('sha384').update(bytes).digest('base64');

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, 'assets'), { recursive: true });
const manifest = {};

// Writes one file under its content's hash and notes it in the manifest.
function put(name, bytes) {
  const hash = sha256(bytes);
  const extension = extname(name);
  const file = `assets/${basename(name, extension)}-${hash.slice(0, 10)}${extension}`;
  writeFileSync(join(out, file), bytes);
  manifest['/' + file] = { file, type: TYPES[extension], hash };
  return { url: '/' + file, integrity: sri(bytes) };
}

async function bundle(entry) {
  const result = await build({
    entryPoints: [join(here, entry)],
    bundle: true,
    write: false,
    format: 'esm',
    target: ['chrome120', 'firefox128', 'safari17'],
    minify: !dev,
    sourcemap: dev ? 'inline' : false,
    legalComments: 'none',
    logLevel: 'warning',
    outdir: 'out',
  });
  return Buffer.from(result.outputFiles[0].contents);
}

const page = {};
page.css = put('app.css', await bundle('styles/main.css'));
page.icon = put('icon.svg', readFileSync(join(here, 'styles/icon.svg')));
if (!existsSync(join(here, 'crypto/worker.ts'))) throw new Error('web/crypto/worker.ts is missing');
page.worker = put('worker.js', await bundle('crypto/worker.ts'));
if (!wasm) throw new Error('v100.wasm not found: build the wasm target first, or pass --wasm FILE');
page.wasm = put('v100.wasm', readFileSync(wasm));
page.app = put('app.js', await bundle('app.ts'));

const html = readFileSync(join(here, 'index.html'), 'utf8').replace(
  /\{\{(\w+)\.(\w+)\}\}/g,
  (_, key, field) => {
    if (!page[key]) throw new Error(`index.html names ${key}, which the build does not make`);
    return page[key][field];
  },
);
writeFileSync(join(out, 'index.html'), html);
manifest['/'] = { file: 'index.html', type: TYPES['.html'], hash: sha256(html) };
writeFileSync(join(out, 'manifest.json'), JSON.stringify(manifest, null, 2) + '\n');

let total = 0;
for (const name of readdirSync(join(out, 'assets')))
  total += readFileSync(join(out, 'assets', name)).length;
console.log(
  `web client: ${Object.keys(manifest).length} files, ${Math.round(total / 1024)} KiB in ${relative(process.cwd(), out) || '.'}`,
);

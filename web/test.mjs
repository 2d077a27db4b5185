// Runs the unit tests: node web/test.mjs [FILTER]. Bundles each *_test.ts and hands it to node's
// test runner.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const filter = process.argv[2] ?? '';
const tests = ['protocol', 'rtc', 'ui', 'crypto', 'proof']
  .flatMap((folder) =>
    readdirSync(join(here, folder))
      .filter((f) => f.endsWith('_test.ts'))
      .map((f) => join(here, folder, f)),
  )
  .filter((f) => f.includes(filter));
if (!tests.length) throw new Error(`no test matches ${filter}`);
const out = mkdtempSync(join(tmpdir(), 'v100-web-test-'));
await build({
  entryPoints: tests,
  bundle: true,
  format: 'esm',
  platform: 'node',
  outdir: out,
  outExtension: { '.js': '.test.mjs' },
  outbase: here,
  sourcemap: 'inline',
  logLevel: 'warning',
});
const files = readdirSync(out, { withFileTypes: true }).flatMap((d) =>
  d.isDirectory() ? readdirSync(join(out, d.name)).map((f) => join(out, d.name, f)) : [],
);
const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--test', ...files], {
  stdio: 'inherit',
  env: { ...process.env, V100_WEB: here },
});
rmSync(out, { recursive: true, force: true });
process.exit(status ?? 1);

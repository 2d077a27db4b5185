// If this fails, the page no longer agrees with docs/spec/attestation.md: it would refuse good
// receipts or take bad ones.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hex, parseReceipt, parseVkey, tilePath } from '../protocol/attestation.ts';
import { loadCore } from '../wasm/core.ts';
import { openCheckpoint, verifyReceipt } from './attestation.ts';

const here = process.env.V100_WEB ?? '.';
const built = `${here}/../build/release/web/wasm/v100.wasm`;
const wasm = process.env.V100_WASM ?? (existsSync(built) ? built : undefined);
const skip = wasm ? false : 'v100.wasm is not built (V100_WASM names it)';
const example = JSON.parse(
  readFileSync(`${here}/../docs/spec/attestation-example.json`, 'utf8'),
) as {
  vkeys: string[];
  leaf: Record<string, string | number>;
  content: string;
  entry: string;
  receipt: string;
  checkpoint: string;
  bad: { why: string; receipt: string }[];
};

test('the worked example parses as the page says', () => {
  const receipt = parseReceipt(example.receipt);
  assert.equal(hex(receipt.content), example.content);
  assert.equal(receipt.leaf.lane, example.leaf.lane);
  assert.equal(receipt.leaf.service, example.leaf.service);
  assert.equal(receipt.leaf.timeMs, example.leaf.time_ms);
  assert.equal(hex(receipt.leaf.request), example.leaf.request);
  assert.equal(tilePath(0, 1234067, 256), 'tile/0/x001/x234/067');
  assert.equal(tilePath('entries', 3, 5), 'tile/entries/003.p/5');
});

test('the worked example verifies, and what is wrong does not', { skip }, async () => {
  const core = await loadCore(readFileSync(wasm!));
  const keys = example.vkeys.map(parseVkey);
  const good = await verifyReceipt(core, example.receipt, keys);
  assert.equal(hex(good.entry), example.entry);
  assert.deepEqual(good.signedBy.map((s) => s.type).sort(), ['mldsa44', 'mldsa65-batch']);
  assert.ok(good.batch);
  assert.equal((await openCheckpoint(core, example.checkpoint, keys)).signedBy.length, 2);
  for (const { why, receipt } of example.bad)
    await assert.rejects(() => verifyReceipt(core, receipt, keys), Error, why);
  await assert.rejects(() => verifyReceipt(core, example.receipt, []));
  // Every tenth byte of the part before the checkpoint.
  const end = example.receipt.indexOf('\n\n');
  for (let i = 0; i < end; i += 10) {
    const c = example.receipt[i] === 'B' ? 'C' : 'B';
    const bad = example.receipt.slice(0, i) + c + example.receipt.slice(i + 1);
    await assert.rejects(() => verifyReceipt(core, bad, keys), Error, `byte ${i}`);
  }
});

// If this fails, the spec of membership proofs and what src/proof makes are two different things.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as f from './field.ts';
import { sha3 } from './keccak.ts';
import { base, compress } from './poseidon2.ts';
import {
  type Statement, elements, leafOf, nodeOf, ownerTag, pseudonymOf, toBytes, verifyMembership,
} from './membership.ts';

interface Vector {
  key: string; owner: string; attested: string; salt: string; level: number; leaf: string; index: number;
  path: string[]; root: string; depth: number; level_min: number; context: string; message: string; pseudonym: string;
  preset: number; proof_sha3: string; proof: string;
}
interface Vectors {
  field: { a: string; b: string; product: string; inverse_a: string };
  compress_0_to_15: string;
  proofs: Vector[];
}
const file = join(process.env['V100_WEB']!, '../docs/spec/membership-proof.json');
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));
const hex = (of: Uint8Array): string => Buffer.from(of).toString('hex');
const k = (text: string): f.K => elements(bytes(text));
const statementOf = (v: Vector): Statement => ({
  root: bytes(v.root),
  depth: v.depth,
  levelMin: v.level_min,
  context: new TextEncoder().encode(v.context),
  pseudonym: bytes(v.pseudonym),
  message: new TextEncoder().encode(v.message),
});
const proofOf = (v: Vector): Uint8Array => Uint8Array.from(Buffer.from(v.proof, 'base64'));

test('field, hashes and Poseidon2', () => {
  const { a, b, product, inverse_a } = vectors.field;
  assert.deepEqual(f.mul(k(a), k(b)), k(product));
  assert.deepEqual(f.inverse(k(a)), k(inverse_a));
  const x = Array.from({ length: 16 }, (_, i) => BigInt(i));
  assert.equal(hex(toBytes(compress(base, x))), vectors.compress_0_to_15);
  // FIPS 202's example of no message.
  assert.equal(hex(sha3()), 'a7ffc6f8bf1ed76651c14756a061d662f580ff4de43b49fa82d80a4b80f8434a');
});

for (const v of vectors.proofs) {
  test(`keys, leaf and tree of depth ${v.depth}`, () => {
    assert.equal(hex(ownerTag(bytes(v.key))), v.owner);
    assert.equal(hex(pseudonymOf(bytes(v.key), new TextEncoder().encode(v.context))), v.pseudonym);
    let node = leafOf(bytes(v.owner), bytes(v.attested), bytes(v.salt), true, v.level);
    assert.equal(hex(node), v.leaf);
    v.path.forEach((sibling, level) => {
      const other = bytes(sibling);
      node = (v.index >> level) & 1 ? nodeOf(other, node) : nodeOf(node, other);
    });
    assert.equal(hex(node), v.root);
  });

  test(`the proof of preset ${v.preset} holds`, () => {
    const proof = proofOf(v);
    assert.equal(hex(sha3(proof)), v.proof_sha3);
    assert.equal(verifyMembership(statementOf(v), proof, v.preset === 1 ? 100 : 128), null);
  });
}

test('what is not as it was is refused', () => {
  const v = vectors.proofs[0]!;
  const statement = statementOf(v);
  const proof = proofOf(v);
  const refused = (s: Statement, p: Uint8Array, bits = 100): void =>
    assert.notEqual(verifyMembership(s, p, bits), null);
  refused(statement, proof, 128);
  refused(statement, proof.subarray(0, proof.length - 1));
  refused(statement, Uint8Array.from([...proof, 0]));
  for (let i = 0; i < 12; i++) {
    const changed = proof.slice();
    const at = Math.floor((i * proof.length) / 12);
    changed[at]! ^= 1 << i % 8;
    refused(statement, changed);
  }
  const flip = (of: Uint8Array): Uint8Array => of.map((x, i) => (i === 3 ? x ^ 1 : x));
  refused({ ...statement, root: flip(statement.root) }, proof);
  refused({ ...statement, pseudonym: flip(statement.pseudonym) }, proof);
  refused({ ...statement, context: flip(statement.context) }, proof);
  refused({ ...statement, message: flip(statement.message) }, proof);
  refused({ ...statement, depth: 6 }, proof);
  refused({ ...statement, levelMin: 2 }, proof);
});

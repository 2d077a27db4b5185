// Checks receipts and checkpoints of the attestation log in the page: SHA-256 by WebCrypto, SHA3
// and ML-DSA by our WASM. docs/spec/attestation.md §5.1 is the order of the steps.
import {
  batchLine,
  batchMessage,
  concat,
  cosignedMessage,
  Malformed,
  parseCheckpoint,
  parseReceipt,
  type BatchClaim,
  type Checkpoint,
  type KeyType,
  type Receipt,
  type Vkey,
} from '../protocol/attestation.ts';
import type { Core } from '../wasm/core.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Node = (left: Bytes, right: Bytes) => Promise<Bytes>;

const sha256 = async (data: Bytes): Promise<Bytes> =>
  new Uint8Array(await crypto.subtle.digest('SHA-256', data));
const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

export class Refused extends Error {}

const sha256Node: Node = (l, r) => sha256(concat(Uint8Array.of(1), l, r));
const sha3Node =
  (core: Core): Node =>
  async (l, r) =>
    core.sha3_256(concat(Uint8Array.of(1), l, r));

/** RFC 9162 §2.1.3.2. */
export async function rootFromProof(
  index: number,
  size: number,
  leaf: Bytes,
  proof: Bytes[],
  node: Node,
): Promise<Bytes> {
  if (index >= size) throw new Refused('the index is outside the tree');
  let [fn, sn, r] = [index, size - 1, leaf];
  for (const p of proof) {
    if (sn === 0) throw new Refused('the proof is too long');
    if (fn % 2 === 1 || fn === sn) {
      r = await node(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn = Math.floor(fn / 2);
        sn = Math.floor(sn / 2);
      }
    } else {
      r = await node(r, p);
    }
    fn = Math.floor(fn / 2);
    sn = Math.floor(sn / 2);
  }
  if (sn !== 0) throw new Refused('the proof is too short');
  return r;
}

export interface Opened {
  checkpoint: Checkpoint;
  signedBy: { name: string; type: KeyType }[];
  batch: BatchClaim | null;
}

/** Each line of a known key must verify, and one must be there. SLH-DSA lines are left out. */
export async function openCheckpoint(core: Core, note: string, keys: Vkey[]): Promise<Opened> {
  return verifyLines(core, parseCheckpoint(note), keys);
}

async function verifyLines(core: Core, checkpoint: Checkpoint, keys: Vkey[]): Promise<Opened> {
  const out: Opened = { checkpoint, signedBy: [], batch: null };
  for (const key of keys) {
    const id = new DataView((await sha256(key.idInput)).buffer).getUint32(0);
    if (id !== key.id) throw new Malformed("the verifier key's id is another key's");
    for (const line of checkpoint.lines) {
      if (line.name !== key.name || line.keyId !== key.id || key.type === 'slhdsa-daily') continue;
      let good: boolean;
      if (key.type === 'mldsa44') {
        const time = line.signature.slice(0, 8);
        const message = cosignedMessage(key.name, time, checkpoint);
        good =
          line.signature.length === 8 + 2420 &&
          core.mldsa44.verify(key.publicKey, message, line.signature.slice(8));
      } else {
        const { claim, head, signature } = batchLine(line.signature);
        const message = batchMessage(key.name, head, checkpoint);
        good = claim.start < checkpoint.size && core.mldsa65.verify(key.publicKey, message, signature);
        out.batch = claim;
      }
      if (!good) throw new Refused("a known key's signature does not verify");
      out.signedBy.push({ name: key.name, type: key.type });
    }
  }
  if (!out.signedBy.length) throw new Refused('signed by no key that is trusted');
  return out;
}

export interface VerifiedReceipt extends Opened {
  receipt: Receipt;
  entry: Bytes;
}

export async function verifyReceipt(
  core: Core,
  text: string,
  keys: Vkey[],
): Promise<VerifiedReceipt> {
  const receipt = parseReceipt(text);
  const opened = await verifyLines(core, receipt.checkpoint, keys);
  const entry = core.sha3_256(concat(Uint8Array.of(0), receipt.content));
  const leaf = await sha256(concat(Uint8Array.of(0), entry));
  const { size, root } = receipt.checkpoint;
  if (!same(await rootFromProof(receipt.index, size, leaf, receipt.proof, sha256Node), root))
    throw new Refused('the leaf is not where the receipt says');
  if (opened.batch) {
    const { start, sha3Root } = opened.batch;
    if (receipt.index < start) throw new Refused('the leaf is not in the batch that was signed');
    const found = await rootFromProof(
      receipt.index - start,
      size - start,
      entry,
      receipt.batchPath,
      sha3Node(core),
    );
    if (!same(found, sha3Root)) throw new Refused('the leaf is not in the batch that was signed');
  }
  return { ...opened, receipt, entry };
}

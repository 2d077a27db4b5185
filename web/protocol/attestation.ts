// The attestation log's texts and bytes (docs/spec/attestation.md; c2sp.org/signed-note,
// tlog-checkpoint, tlog-cosignature, tlog-proof): parsed strictly, nothing verified here.

type Bytes = Uint8Array<ArrayBuffer>;

export class Malformed extends Error {}

const utf8 = new TextEncoder();

/** Strict: padded, the one spelling. */
export function base64(text: string): Bytes {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw new Malformed('not base64');
  }
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new Malformed('not base64 in its one spelling');
  return bytes;
}
export const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
export { toHex as hex } from './bytes.ts';

/** A number without leading zeroes, up to 2^53: a log in a page is no larger. */
function decimal(text: string): number {
  if (!/^(0|[1-9][0-9]{0,15})$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new Malformed('not a number');
  return Number(text);
}

export function u64(value: number): Bytes {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}
const readU64 = (bytes: Uint8Array, at: number): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(at));

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// ---- Verifier keys ----

export type KeyType = 'mldsa44' | 'mldsa65-batch' | 'slhdsa-daily';
export interface Vkey {
  name: string;
  id: number;
  type: KeyType;
  publicKey: Bytes;
  /** What the id is a hash of: name, newline, type, key. */
  idInput: Bytes;
}

const TYPES: [KeyType, Uint8Array, number][] = [
  ['mldsa44', Uint8Array.of(6), 1312],
  [
    'mldsa65-batch',
    concat(Uint8Array.of(0xff), utf8.encode('v100.attest/ml-dsa-65-sha3-256/v1\n')),
    1952,
  ],
  [
    'slhdsa-daily',
    concat(Uint8Array.of(0xff), utf8.encode('v100.attest/slh-dsa-shake-128f/v1\n')),
    32,
  ],
];

/** "name+id+base64". The id is checked by verifying code, which can hash. */
export function parseVkey(text: string): Vkey {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text);
  if (!parts) throw new Malformed('not a verifier key');
  const [, name, id, encoded] = parts as unknown as [string, string, string, string];
  const blob = base64(encoded);
  for (const [type, prefix, size] of TYPES) {
    if (blob.length === prefix.length + size && prefix.every((b, i) => blob[i] === b)) {
      return {
        name,
        id: parseInt(id, 16),
        type,
        publicKey: blob.slice(prefix.length),
        idInput: concat(utf8.encode(name + '\n'), blob),
      };
    }
  }
  throw new Malformed('a type of key that is not known here');
}

// ---- Notes and checkpoints ----

export interface NoteLine {
  name: string;
  keyId: number;
  signature: Bytes;
}
export interface Checkpoint {
  origin: string;
  size: number;
  root: Bytes;
  lines: NoteLine[];
}

export function parseCheckpoint(note: string): Checkpoint {
  const gap = note.lastIndexOf('\n\n');
  if (gap < 1 || !note.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(note) || note.length > 262144)
    throw new Malformed('not a signed note');
  const [origin = '', size = '', root = '', ...extensions] = note.slice(0, gap).split('\n');
  if (!origin || utf8.encode(origin).length > 255 || extensions.includes(''))
    throw new Malformed('not a checkpoint');
  const lines = note
    .slice(gap + 2, -1)
    .split('\n')
    .map((line): NoteLine => {
      const parts = /^— ([^\s+]+) (\S+)$/.exec(line);
      if (!parts) throw new Malformed('not a signature line');
      const blob = base64(parts[2]!);
      if (blob.length < 5) throw new Malformed('not a signature');
      return {
        name: parts[1]!,
        keyId: new DataView(blob.buffer).getUint32(0),
        signature: blob.slice(4),
      };
    });
  const hash = base64(root);
  if (hash.length !== 32 || lines.length > 64) throw new Malformed('not a checkpoint');
  return { origin, size: decimal(size), root: hash, lines };
}

// ---- What is signed ----

function named(text: string): Bytes {
  const bytes = utf8.encode(text);
  if (bytes.length < 1 || bytes.length > 255) throw new Malformed('a name of the wrong length');
  return concat(Uint8Array.of(bytes.length), bytes);
}

/** c2sp.org/tlog-cosignature, cosigned_message, for a checkpoint. */
export const cosignedMessage = (name: string, time: Uint8Array, c: Checkpoint): Bytes =>
  concat(utf8.encode('subtree/v1\n\0'), named(name), time, named(c.origin), u64(0), u64(c.size), c.root);

export interface BatchClaim {
  timeMs: number;
  start: number;
  sha3Root: Bytes;
}
export function batchLine(signature: Bytes): { claim: BatchClaim; head: Bytes; signature: Bytes } {
  if (signature.length !== 48 + 3309) throw new Malformed('a batch line of the wrong length');
  return {
    claim: {
      timeMs: readU64(signature, 0),
      start: readU64(signature, 8),
      sha3Root: signature.slice(16, 48),
    },
    head: signature.slice(0, 48),
    signature: signature.slice(48),
  };
}
export const batchMessage = (name: string, head: Bytes, c: Checkpoint): Bytes =>
  concat(
    utf8.encode('v100-batch/v1\n\0'),
    named(name),
    head.slice(0, 8),
    named(c.origin),
    head.slice(8, 16),
    u64(c.size),
    head.slice(16, 48),
    c.root,
  );

// ---- Receipts ----

export const KINDS = ['', 'request', 'key event', 'record'] as const;
export const LANES = ['none', 'header', 'fast', 'session', 'unauthenticated', 'internal'] as const;
// prettier-ignore
export const SERVICES = ['', 'gateway', 'identity', 'attest', 'match', 'meeting', 'signaling', 'sfu',
  'turn', 'realtime', 'recording', 'media', 'analysis', 'transcription', 'assistant', 'search',
  'scheduling', 'integration', 'broadcast', 'publisher', 'metering'] as const;

export interface Leaf {
  kind: string;
  lane: string;
  service: string;
  timeMs: number;
  request: Bytes;
  answer: Bytes;
  key: Bytes;
}
export interface Receipt {
  index: number;
  proof: Bytes[];
  content: Bytes; // what the leaf's hash is over
  batchPath: Bytes[];
  leaf: Leaf;
  checkpoint: Checkpoint;
}

function parseLeaf(c: Bytes): Leaf {
  if (c.length !== 132 || c[0] !== 1 || !KINDS[c[1]!] || !LANES[c[2]!] || c[4]! > 127)
    throw new Malformed('not a leaf of version 1');
  return {
    kind: KINDS[c[1]!]!,
    lane: LANES[c[2]!]!,
    service: SERVICES[c[3]!] ?? '',
    timeMs: readU64(c, 4),
    request: c.slice(36, 68),
    answer: c.slice(68, 100),
    key: c.slice(100),
  };
}

const cut32 = (bytes: Bytes): Bytes[] =>
  Array.from({ length: bytes.length / 32 }, (_, i) => bytes.slice(32 * i, 32 * i + 32));

/** A tlog-proof with our extra data. */
export function parseReceipt(text: string): Receipt {
  const gap = text.indexOf('\n\n');
  const [head, extra = '', index = '', ...hashes] = text.slice(0, gap).split('\n');
  if (gap < 0 || head !== 'c2sp.org/tlog-proof@v1' || !extra.startsWith('extra '))
    throw new Malformed('not a receipt');
  if (!index.startsWith('index ') || hashes.length > 63) throw new Malformed('not a receipt');
  const data = base64(extra.slice(6));
  if (data[0] !== 1 || data.length !== 134 + 32 * (data[133] ?? 0) || data[133]! > 16)
    throw new Malformed('extra data of another version');
  const proof = hashes.map(base64);
  if (proof.some((h) => h.length !== 32)) throw new Malformed('not a hash');
  const content = data.slice(1, 133);
  return {
    index: decimal(index.slice(6)),
    proof,
    content,
    batchPath: cut32(data.slice(134)),
    leaf: parseLeaf(content),
    checkpoint: parseCheckpoint(text.slice(gap + 2)),
  };
}

/** c2sp.org/tlog-tiles: "000", "x001/234". */
export function tilePath(level: number | 'entries', index: number, width: number): string {
  const three = (n: number) => String(n).padStart(3, '0');
  let path = three(index % 1000);
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    path = `x${three(rest % 1000)}/${path}`;
  return `tile/${level}/${path}${width === 256 ? '' : `.p/${width}`}`;
}

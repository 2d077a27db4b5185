// A slow verifier of membership proofs, written from docs/spec/membership-proof.md alone: it shares
// nothing with src/proof and needs nothing but the language, so it runs in the page as well.
import { sha3, shakeWords } from './keccak.ts';
import * as f from './field.ts';
import { type Ring, base, compress } from './poseidon2.ts';

export interface Statement {
  root: Uint8Array;
  depth: number;
  levelMin: number;
  context: Uint8Array;
  pseudonym: Uint8Array;
  message: Uint8Array;
}

const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const word = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((x, i) => x === b[i]);

class Refused extends Error {}
function must(good: boolean, why: string): void {
  if (!good) throw new Refused(why);
}

/** elements(bytes): any words, modulo p. */
export function elements(bytes: Uint8Array): bigint[] {
  return Array.from({ length: bytes.length / 4 }, (_, i) => BigInt(word(bytes, 4 * i)) % f.P);
}
/** The same, of words that must be below p. */
function canonical(bytes: Uint8Array): bigint[] {
  const out = Array.from({ length: bytes.length / 4 }, (_, i) => BigInt(word(bytes, 4 * i)));
  must(out.every((x) => x < f.P), 'a number that is not below p');
  return out;
}
const ofK = (numbers: bigint[]): f.K[] =>
  Array.from({ length: numbers.length / 6 }, (_, i) => numbers.slice(6 * i, 6 * i + 6));
export function toBytes(numbers: readonly bigint[]): Uint8Array {
  const out = new DataView(new ArrayBuffer(4 * numbers.length));
  numbers.forEach((x, i) => out.setUint32(4 * i, Number(x), true));
  return new Uint8Array(out.buffer);
}

// Section 3.
const OWNER = [0x76313030n, 0n, 0n, 0n, 0n, 0n, 0n, 0n];
const LEAF = 0x6c656166n;
const contextElements = (context: Uint8Array): bigint[] =>
  elements(sha3(ascii('V100 pseudonym context'), context));
export const ownerTag = (key: Uint8Array): Uint8Array =>
  toBytes(compress(base, [...elements(key), ...OWNER]));
export const pseudonymOf = (key: Uint8Array, context: Uint8Array): Uint8Array =>
  toBytes(compress(base, [...elements(key), ...contextElements(context)]));
export function leafOf(
  owner: Uint8Array, attested: Uint8Array, salt: Uint8Array, accept: boolean, level: number,
): Uint8Array {
  const first = compress(base, [...elements(owner), ...elements(attested)]);
  return toBytes(compress(base, [...first, ...elements(salt), accept ? 1n : 0n, BigInt(level), LEAF]));
}
export const nodeOf = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  toBytes(compress(base, [...elements(left), ...elements(right)]));

// Section 1.
interface Preset {
  domainLog: number;
  queries: number;
  grinding: number;
  rounds: number;
  bits: number;
}
const PRESETS: Record<number, Preset> = {
  1: { domainLog: 12, queries: 37, grinding: 12, rounds: 1, bits: 100 },
  2: { domainLog: 13, queries: 42, grinding: 12, rounds: 1, bits: 128 },
};

// Section 6.
class Transcript {
  state: Uint8Array;
  constructor(id: number, p: Preset, s: Statement) {
    const numbers = [id, p.domainLog, 7, p.queries, p.grinding, p.rounds, 5, s.depth, s.levelMin];
    this.state = sha3(
      ascii('V100 membership proof 1\n'), Uint8Array.from(numbers), s.root, s.pseudonym,
      Uint8Array.of(s.context.length & 255, s.context.length >> 8), s.context, s.message);
  }
  absorb(tag: string, bytes: Uint8Array): void {
    this.state = sha3(this.state, ascii(tag), bytes);
  }
  challenge(): f.K {
    const out: bigint[] = [];
    for (const w of shakeWords(this.state, ascii('c'))) {
      const x = BigInt(w & 0x7fffffff);
      if (x < f.P) out.push(x);
      if (out.length === 6) break;
    }
    return out;
  }
  positions(p: Preset): number[] {
    const words = shakeWords(this.state, ascii('p'));
    return Array.from({ length: p.queries }, () => words.next().value! % 2 ** p.domainLog);
  }
}

// Section 5.
const BACK = [...range(148, 156), ...range(0, 8), 157, ...range(159, 165)];
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

const extension: Ring<f.K> = { add: f.add, mul: f.mul, scale: f.scale, of: f.of };

/** The composition at z, from the columns there and those at z / g. */
function composition(z: f.K, alpha: f.K, c: f.K[], back: f.K[], s: Statement): f.K {
  const b = new Map(BACK.map((column, i) => [column, back[i]!]));
  const vanishing = f.sub(f.power(z, 32n), f.ONE);
  const lagrange = (row: number): f.K => {
    const x = f.pow(f.omega(5), BigInt(row));
    const factor = f.scale(vanishing, (x * f.invert(32n)) % f.P);
    return f.mul(factor, f.inverse(f.sub(z, f.of(x))));
  };
  const rows = (from: number, to: number): f.K =>
    range(from, to + 1).map(lagrange).reduce((sum, x) => f.add(sum, x));
  let folded = f.ZERO;
  const put = (value: f.K, selector?: f.K): void => {
    folded = f.add(f.mul(folded, alpha), selector ? f.mul(value, selector) : value);
  };
  const minus = (a: f.K, x: bigint): f.K => f.sub(a, f.of(x));
  const [side, rest, bit] = [c[156]!, c[157]!, c[158]!];

  compress(extension, c.slice(0, 16), (column, value) => {
    put(f.sub(value, c[column]!));
    return c[column]!;
  });
  put(f.sub(f.mul(side, side), side));
  put(f.sub(f.mul(bit, bit), bit));
  const link = rows(2, 3 + s.depth);
  for (const i of range(0, 8)) {
    const child = f.add(c[i]!, f.mul(side, f.sub(c[8 + i]!, c[i]!)));
    put(f.sub(b.get(148 + i)!, child), link);
  }
  put(side, rows(2, 3));
  const [row0, row1, row3] = [rows(0, 0), rows(1, 1), rows(3, 3)];
  for (const i of range(0, 8)) put(f.sub(c[i]!, b.get(i)!), row1);
  const context = contextElements(s.context);
  for (const i of range(0, 8)) put(minus(c[8 + i]!, context[i]!), row0);
  const pseudonym = elements(s.pseudonym);
  for (const i of range(0, 8)) put(minus(c[148 + i]!, pseudonym[i]!), row0);
  for (const i of range(0, 8)) put(minus(c[8 + i]!, OWNER[i]!), row1);
  put(minus(c[13]!, 1n), row3);
  put(minus(c[15]!, LEAF), row3);
  put(minus(f.sub(c[14]!, rest), BigInt(s.levelMin)), row3);
  put(f.sub(b.get(157)!, f.add(f.add(rest, rest), bit)), rows(4, 11));
  put(rest, rows(11, 11));
  const root = elements(s.root);
  const last = rows(3 + s.depth, 3 + s.depth);
  for (const i of range(0, 8)) put(minus(c[148 + i]!, root[i]!), last);

  let out = f.mul(folded, f.inverse(vanishing));
  for (const k of range(0, 6)) out = f.add(out, f.mul(f.basis(k), b.get(159 + k)!));
  return out;
}

// Section 6: a leaf, its path and the level of 32 nodes.
function checkOpening(leaf: Uint8Array, path: Uint8Array, index: number, commitment: Uint8Array): void {
  let node = sha3(leaf);
  let at = index;
  for (let i = 0; i < path.length; i += 32, at >>= 1) {
    const sibling = path.subarray(i, i + 32);
    node = at & 1 ? sha3(sibling, node) : sha3(node, sibling);
  }
  must(same(node, commitment.subarray(32 * at, 32 * at + 32)), 'an opening of another tree');
}

// Section 8.
function fold(v: f.K[], gamma: f.K, x: bigint): f.K {
  const zeta = f.invert(f.omega(3));
  const ratio = f.scale(gamma, f.invert(x));
  let out = f.ZERO;
  let factor = f.ONE;
  for (const k of range(0, 8)) {
    let sum = f.ZERO;
    for (const t of range(0, 8)) sum = f.add(sum, f.scale(v[t]!, f.pow(zeta, BigInt(k * t))));
    out = f.add(out, f.mul(factor, sum));
    factor = f.mul(factor, ratio);
  }
  return f.scale(out, f.invert(8n));
}

/** Cuts a proof into its parts, one after another. */
class Reader {
  at = 0;
  constructor(readonly bytes: Uint8Array) {}
  take(count: number): Uint8Array {
    must(this.at + count <= this.bytes.length, 'a proof of another length');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }
}

function verifyOrThrow(s: Statement, proof: Uint8Array, minimumBits: number): void {
  must(s.depth >= 5 && s.depth <= 20 && s.context.length <= 1024, 'no such statement');
  must(s.message.length <= 1024, 'no such statement');
  must(s.root.length === 32 && s.pseudonym.length === 32, 'no such statement');
  must(Number.isInteger(s.levelMin) && s.levelMin >= 0 && s.levelMin < 256, 'no such statement');
  canonical(s.root);
  canonical(s.pseudonym);
  const reader = new Reader(proof);
  const [version, id] = reader.take(2);
  const p = PRESETS[id!];
  must(version === 1 && p !== undefined && p.bits >= minimumBits, 'another version or preset');
  const { domainLog, grinding, rounds } = p!;
  const transcript = new Transcript(id!, p!, s);

  const traceCommitment = reader.take(1024);
  const quotientCommitment = reader.take(1024);
  const evaluationBytes = reader.take(24 * 193);
  const evaluations = ofK(canonical(evaluationBytes));
  transcript.absorb('T', traceCommitment);
  const alpha = transcript.challenge();
  transcript.absorb('Q', quotientCommitment);
  const z = transcript.challenge();
  transcript.absorb('E', evaluationBytes);
  const beta = transcript.challenge();
  const commitments: Uint8Array[] = [];
  const gammas: f.K[] = [];
  for (let r = 0; r < rounds; r++) {
    commitments.push(reader.take(1024));
    transcript.absorb('F', commitments[r]!);
    gammas.push(transcript.challenge());
  }
  const finalBytes = reader.take(24 * (128 >> (3 * rounds)));
  const final = ofK(canonical(finalBytes));
  transcript.absorb('P', finalBytes);
  transcript.absorb('N', reader.take(8));

  // 9.2
  must(z.slice(1).some((x) => x !== 0n), 'z in the base field');
  const here = evaluations.slice(0, 165);
  const back = evaluations.slice(165, 188);
  const segments = evaluations.slice(188);
  let quotient = f.ZERO;
  segments.forEach((v, i) => (quotient = f.add(quotient, f.mul(v, f.power(z, BigInt(70 * i))))));
  must(f.equal(quotient, composition(z, alpha, here, back, s)), 'the constraints do not hold');
  // 9.3
  must(word(transcript.state, 0) % 2 ** grinding === 0, 'no work was done');

  // 9.4, 9.5
  const powers = [f.ONE];
  for (let i = 0; i < 193; i++) powers.push(f.mul(powers[i]!, beta));
  const combine = (values: f.K[], first: number): f.K =>
    values.reduce((sum, v, i) => f.add(sum, f.mul(powers[first + i]!, v)), f.ZERO);
  const combineBase = (values: bigint[], first: number): f.K =>
    values.reduce((sum, v, i) => f.add(sum, f.scale(powers[first + i]!, v)), f.ZERO);
  const atZ = f.add(combine(here, 1), combine(segments, 189));
  const atBack = combine(back, 166);
  const zBack = f.scale(z, f.invert(f.omega(5)));
  for (const position of transcript.positions(p!)) {
    const traceLeaf = reader.take(676);
    checkOpening(traceLeaf, reader.take(32 * (domainLog - 5)), position, traceCommitment);
    const quotientLeaf = reader.take(160);
    checkOpening(quotientLeaf, reader.take(32 * (domainLog - 5)), position, quotientCommitment);
    const row = canonical(traceLeaf.subarray(0, 660));
    const pieces = ofK(canonical(quotientLeaf.subarray(0, 144)));
    let x = (3n * f.pow(f.omega(domainLog), BigInt(position))) % f.P;
    const a = f.add(combineBase(row, 1), combine(pieces.slice(0, 5), 189));
    const b = combineBase(BACK.map((column) => row[column]!), 166);
    let value = pieces[5]!;
    value = f.add(value, f.mul(f.sub(a, atZ), f.inverse(f.sub(f.of(x), z))));
    value = f.add(value, f.mul(f.sub(b, atBack), f.inverse(f.sub(f.of(x), zBack))));
    let index = position;
    for (let r = 0; r < rounds; r++) {
      const leavesLog = domainLog - 3 * (r + 1);
      const leaf = reader.take(192);
      const coset = ofK(canonical(leaf));
      must(f.equal(coset[index >> leavesLog]!, value), 'a value of another polynomial');
      index %= 2 ** leavesLog;
      checkOpening(leaf, reader.take(32 * (leavesLog - 5)), index, commitments[r]!);
      const shift = f.pow(3n, 8n ** BigInt(r));
      const first = (shift * f.pow(f.omega(leavesLog + 3), BigInt(index))) % f.P;
      value = fold(coset, gammas[r]!, first);
      x = f.pow(first, 8n);
    }
    let expected = f.ZERO;
    for (const c of [...final].reverse()) expected = f.add(f.scale(expected, x), c);
    must(f.equal(expected, value), 'a value of another polynomial');
  }
  must(reader.at === proof.length, 'a proof of another length');
}

/** Null when the proof holds, else why not. `minimumBits` is 100 or 128. */
export function verifyMembership(s: Statement, proof: Uint8Array, minimumBits = 100): string | null {
  try {
    verifyOrThrow(s, proof, minimumBits);
    return null;
  } catch (error) {
    if (error instanceof Refused) return error.message;
    throw error;
  }
}

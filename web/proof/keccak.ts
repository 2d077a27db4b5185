// SHA3-256 and SHAKE256 (FIPS 202) as the standard's section 3 tells them, on 64-bit BigInts: for a
// verifier that shares no code with the other one, and need not be quick.
const MASK = (1n << 64n) - 1n;
const rotl = (x: bigint, n: bigint): bigint => (n === 0n ? x : ((x << n) | (x >> (64n - n))) & MASK);

// Section 3.2.2, algorithm 2: offsets (t + 1)(t + 2) / 2.
const OFFSETS: bigint[] = (() => {
  const out = Array<bigint>(25).fill(0n);
  let [x, y] = [1, 0];
  for (let t = 0; t < 24; t++) {
    out[x + 5 * y] = BigInt((((t + 1) * (t + 2)) / 2) % 64);
    [x, y] = [y, (2 * x + 3 * y) % 5];
  }
  return out;
})();

// Section 3.2.5, algorithms 5 and 6.
const CONSTANTS: bigint[] = (() => {
  let r = 1;
  const bit = (): bigint => {
    const out = BigInt(r & 1);
    r <<= 1;
    if (r & 0x100) r ^= 0x171;
    return out;
  };
  return Array.from({ length: 24 }, () => {
    let rc = 0n;
    for (let j = 0; j < 7; j++) rc |= bit() << BigInt((1 << j) - 1);
    return rc;
  });
})();

function permute(a: bigint[]): void {
  for (const rc of CONSTANTS) {
    const c = [0, 1, 2, 3, 4].map((x) => a[x]! ^ a[x + 5]! ^ a[x + 10]! ^ a[x + 15]! ^ a[x + 20]!);
    const b = Array<bigint>(25);
    for (let x = 0; x < 5; x++) {
      const d = c[(x + 4) % 5]! ^ rotl(c[(x + 1) % 5]!, 1n);
      for (let y = 0; y < 5; y++) {
        b[y + 5 * ((2 * x + 3 * y) % 5)] = rotl(a[x + 5 * y]! ^ d, OFFSETS[x + 5 * y]!);
      }
    }
    for (let y = 0; y < 25; y += 5) {
      for (let x = 0; x < 5; x++) {
        a[x + y] = b[x + y]! ^ (~b[((x + 1) % 5) + y]! & MASK & b[((x + 2) % 5) + y]!);
      }
    }
    a[0]! ^= rc;
  }
}

/** A sponge of rate 136 over the joined parts; gives bytes one block after another. */
function* sponge(domain: number, parts: Uint8Array[]): Generator<Uint8Array> {
  const size = parts.reduce((n, part) => n + part.length, 0);
  const padded = new Uint8Array(136 * (Math.floor(size / 136) + 1));
  let at = 0;
  for (const part of parts) {
    padded.set(part, at);
    at += part.length;
  }
  padded[size]! ^= domain;
  padded[padded.length - 1]! ^= 0x80;
  const view = new DataView(padded.buffer);
  const state = Array<bigint>(25).fill(0n);
  for (let block = 0; block < padded.length; block += 136) {
    for (let i = 0; i < 17; i++) state[i]! ^= view.getBigUint64(block + 8 * i, true);
    permute(state);
  }
  for (;;) {
    const out = new DataView(new ArrayBuffer(136));
    for (let i = 0; i < 17; i++) out.setBigUint64(8 * i, state[i]!, true);
    yield new Uint8Array(out.buffer);
    permute(state);
  }
}

export function sha3(...parts: Uint8Array[]): Uint8Array {
  return sponge(0x06, parts).next().value!.slice(0, 32);
}

/** The 4-byte little-endian words of SHAKE256, without end. */
export function* shakeWords(...parts: Uint8Array[]): Generator<number> {
  for (const block of sponge(0x1f, parts)) {
    const view = new DataView(block.buffer);
    for (let at = 0; at < 136; at += 4) yield view.getUint32(at, true);
  }
}

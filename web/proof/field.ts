// The fields of docs/spec/membership-proof.md, section 1, on BigInts.
export const P = 2130706433n; // 2^31 - 2^24 + 1

export const mod = (x: bigint): bigint => ((x % P) + P) % P;
export function pow(base: bigint, exponent: bigint): bigint {
  let out = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = (b * b) % P) {
    if (e & 1n) out = (out * b) % P;
  }
  return out;
}
export const invert = (x: bigint): bigint => pow(x, P - 2n);
/** The root of unity of order 2^log. */
export const omega = (log: number): bigint => pow(3n, (P - 1n) >> BigInt(log));

/** c0 + c1 w + ... + c5 w^5 with w^6 = -w^3 - 1. */
export type K = readonly bigint[];
export const ZERO: K = [0n, 0n, 0n, 0n, 0n, 0n];
export const ONE: K = [1n, 0n, 0n, 0n, 0n, 0n];
export const of = (x: bigint): K => [mod(x), 0n, 0n, 0n, 0n, 0n];
/** w^k */
export const basis = (k: number): K => ZERO.map((_, i) => (i === k ? 1n : 0n));
export const equal = (a: K, b: K): boolean => a.every((x, i) => x === b[i]);
export const add = (a: K, b: K): K => a.map((x, i) => (x + b[i]!) % P);
export const sub = (a: K, b: K): K => a.map((x, i) => (x - b[i]! + P) % P);
export const scale = (a: K, by: bigint): K => a.map((x) => (x * by) % P);

export function mul(a: K, b: K): K {
  const d = Array<bigint>(11).fill(0n);
  for (let i = 0; i < 6; i++) for (let j = 0; j < 6; j++) d[i + j]! += a[i]! * b[j]!;
  for (let i = 10; i >= 6; i--) {
    d[i - 3]! -= d[i]!;
    d[i - 6]! -= d[i]!;
  }
  return d.slice(0, 6).map(mod);
}
export function power(base: K, exponent: bigint): K {
  let out = ONE;
  for (let b = base, e = exponent; e > 0n; e >>= 1n, b = mul(b, b)) if (e & 1n) out = mul(out, b);
  return out;
}
/** By Euclid would be quicker; a^(p^6 - 2) needs no explanation. */
export const inverse = (a: K): K => power(a, P ** 6n - 2n);

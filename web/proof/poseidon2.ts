// Poseidon2, docs/spec/membership-proof.md, section 2, over any numbers: the base field hashes with it,
// the extension field checks a trace at one point.
import { P, invert, mod } from './field.ts';

/** What the permutation needs of a kind of number. */
export interface Ring<T> {
  add(a: T, b: T): T;
  mul(a: T, b: T): T;
  scale(a: T, by: bigint): T;
  of(x: bigint): T;
}

export const base: Ring<bigint> = {
  add: (a, b) => (a + b) % P,
  mul: (a, b) => (a * b) % P,
  scale: (a, by) => (a * by) % P,
  of: mod,
};

const CONSTANTS: bigint[] = (() => {
  const bits: number[] = [];
  const push = (value: number, width: number): void => {
    for (let i = width - 1; i >= 0; i--) bits.push((value >>> i) & 1);
  };
  push(1, 2);
  push(0, 4);
  push(31, 12);
  push(16, 12);
  push(8, 10);
  push(20, 10);
  push(0x3fffffff, 30);
  const next = (): number => {
    const b = bits[62]! ^ bits[51]! ^ bits[38]! ^ bits[23]! ^ bits[13]! ^ bits[0]!;
    bits.shift();
    bits.push(b);
    return b;
  };
  for (let i = 0; i < 160; i++) next();
  const kept = (): bigint => {
    for (;;) {
      const choose = next();
      const value = next();
      if (choose) return BigInt(value);
    }
  };
  const out: bigint[] = [];
  while (out.length < 148) {
    let x = 0n;
    for (let i = 0; i < 31; i++) x = 2n * x + kept();
    if (x < P) out.push(x);
  }
  return out;
})();

const M4 = [
  [2n, 3n, 1n, 1n],
  [1n, 2n, 3n, 1n],
  [1n, 1n, 2n, 3n],
  [3n, 1n, 1n, 2n],
];
const over = (n: number): bigint => invert(1n << BigInt(n));
const DIAGONAL = [
  -2n, 1n, 2n, over(1), 3n, 4n, -over(1), -3n, -4n, over(8), over(3), over(24), -over(8), -over(3),
  -over(4), -over(24),
].map(mod);

function external<T>(r: Ring<T>, s: T[]): T[] {
  const y = s.map((_, i) => {
    const block = i - (i % 4);
    return M4[i % 4]!.map((m, j) => r.scale(s[block + j]!, m)).reduce((a, b) => r.add(a, b));
  });
  return y.map((v, i) => [0, 4, 8, 12].reduce((sum, b) => r.add(sum, y[(i % 4) + b]!), v));
}
function internal<T>(r: Ring<T>, s: T[]): T[] {
  const sum = s.reduce((a, b) => r.add(a, b));
  return s.map((v, i) => r.add(sum, r.scale(v, DIAGONAL[i]!)));
}

/**
 * C(x): eight elements. `pin` sees each value that has a column in a trace, by column, and says with
 * which value to go on.
 */
export function compress<T>(r: Ring<T>, x: T[], pin: (column: number, value: T) => T = (_, v) => v): T[] {
  const cube = (v: T, constant: bigint): T => {
    const y = r.add(v, r.of(constant));
    return r.mul(r.mul(y, y), y);
  };
  let s = external(r, x);
  let at = 0;
  let column = 16;
  const full = (pinned: boolean): void => {
    s = external(r, s.map((v) => cube(v, CONSTANTS[at++]!)));
    if (pinned) s = s.map((v) => pin(column++, v));
  };
  for (let round = 0; round < 4; round++) full(true);
  for (let round = 0; round < 20; round++) {
    s[0] = pin(column++, cube(s[0]!, CONSTANTS[at++]!));
    s = internal(r, s);
  }
  for (let round = 0; round < 3; round++) full(true);
  full(false);
  return s.slice(0, 8).map((v, i) => pin(column++, r.add(v, x[i]!)));
}

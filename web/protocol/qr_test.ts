// Broken if this fails: invites and codes shown as QR cannot be read by a scanner. The decoder
// below is written from the standard's reading order, apart from the encoder, and checks the error
// words.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { qr, versionFor, type Qr } from './qr.ts';

const BLOCKS: Record<number, [errors: number, sizes: number[]]> = {
  1: [10, [16]],
  2: [16, [28]],
  5: [24, [43, 43]],
  7: [18, [31, 31, 31, 31]],
  8: [22, [38, 38, 39, 39]],
  10: [26, [43, 43, 43, 43, 44]],
  15: [24, [41, 41, 41, 41, 41, 42, 42, 42, 42, 42]],
  20: [26, [41, 41, 41, ...Array<number>(13).fill(42)]],
};

function isPattern(code: Qr, version: number, x: number, y: number): boolean {
  const n = code.size;
  if (x === 6 || y === 6) return true;
  if ((x < 9 && y < 9) || (x > n - 9 && y < 9) || (x < 9 && y > n - 9)) return true;
  if (version >= 7 && ((x > n - 12 && y < 6) || (y > n - 12 && x < 6))) return true;
  const centres: Record<number, number[]> = {
    1: [],
    2: [6, 18],
    5: [6, 30],
    7: [6, 22, 38],
    8: [6, 24, 42],
    10: [6, 28, 50],
    15: [6, 26, 48, 70],
    20: [6, 34, 62, 90],
  };
  const c = centres[version]!;
  const last = c[c.length - 1];
  return c.some((cy) =>
    c.some((cx) => {
      const corner =
        (cx === 6 && cy === 6) || (cx === 6 && cy === last) || (cx === last && cy === 6);
      return !corner && Math.abs(x - cx) <= 2 && Math.abs(y - cy) <= 2;
    }),
  );
}

const rules: ((i: number, j: number) => boolean)[] = [
  (i, j) => (i + j) % 2 === 0,
  (i) => i % 2 === 0,
  (_, j) => j % 3 === 0,
  (i, j) => (i + j) % 3 === 0,
  (i, j) => (Math.floor(i / 2) + Math.floor(j / 3)) % 2 === 0,
  (i, j) => ((i * j) % 2) + ((i * j) % 3) === 0,
  (i, j) => (((i * j) % 2) + ((i * j) % 3)) % 2 === 0,
  (i, j) => (((i + j) % 2) + ((i * j) % 3)) % 2 === 0,
];

function formatBits(code: Qr): number {
  let bits = 0;
  const cells: [number, number][] = [
    [0, 8],
    [1, 8],
    [2, 8],
    [3, 8],
    [4, 8],
    [5, 8],
    [7, 8],
    [8, 8],
    [8, 7],
    [8, 5],
    [8, 4],
    [8, 3],
    [8, 2],
    [8, 1],
    [8, 0],
  ];
  for (const [x, y] of cells) bits = (bits << 1) | Number(code.dark(x, y));
  return bits ^ 0x5412;
}

function multiply(a: number, b: number): number {
  let product = 0;
  for (let i = 0; i < 8; i++) {
    if ((b >> i) & 1) product ^= a << i;
  }
  for (let i = 15; i >= 8; i--) if ((product >> i) & 1) product ^= 0x11d << (i - 8);
  return product;
}

function syndromesVanish(words: number[], errors: number): boolean {
  for (let i = 0, root = 1; i < errors; i++, root = multiply(root, 2)) {
    if (words.reduce((sum, w) => multiply(sum, root) ^ w, 0) !== 0) return false;
  }
  return true;
}

function decode(code: Qr): string {
  const version = (code.size - 17) / 4;
  const format = formatBits(code);
  assert.equal(format >> 13, 0, 'level M');
  const rule = rules[(format >> 10) & 7]!;
  const bits: number[] = [];
  let up = true;
  for (let right = code.size - 1; right > 0; right -= 2) {
    if (right === 6) right = 5;
    for (let k = 0; k < code.size; k++) {
      const y = up ? code.size - 1 - k : k;
      for (const x of [right, right - 1])
        if (!isPattern(code, version, x, y))
          bits.push(Number(code.dark(x, y)) ^ Number(rule(y, x)));
    }
    up = !up;
  }
  const words = Array.from({ length: bits.length >> 3 }, (_, i) =>
    parseInt(bits.slice(i * 8, i * 8 + 8).join(''), 2),
  );
  const [errors, sizes] = BLOCKS[version]!;
  const blocks: number[][] = sizes.map(() => []);
  let at = 0;
  for (let i = 0; i < Math.max(...sizes); i++)
    sizes.forEach((size, b) => i < size && blocks[b]!.push(words[at++]!));
  for (let i = 0; i < errors; i++) blocks.forEach((b) => b.push(words[at++]!));
  for (const b of blocks) assert.ok(syndromesVanish(b, errors), 'error words');
  const data = blocks.flatMap((b, i) => b.slice(0, sizes[i]));
  const stream = data.map((w) => w.toString(2).padStart(8, '0')).join('');
  assert.equal(stream.slice(0, 4), '0100', 'byte mode');
  const lengthBits = version < 10 ? 8 : 16;
  const length = parseInt(stream.slice(4, 4 + lengthBits), 2);
  const start = 4 + lengthBits;
  const bytes = Uint8Array.from({ length }, (_, i) =>
    parseInt(stream.slice(start + i * 8, start + i * 8 + 8), 2),
  );
  return new TextDecoder().decode(bytes);
}

test('what goes in comes out, small, middle and large', () => {
  const texts = [
    'V100',
    'a'.repeat(26),
    'x'.repeat(80),
    `https://meet.example/r/k7dm-4qpa-x2ve#${'A'.repeat(88)}`,
    `v100:code:${'0123456789'.repeat(6)}`,
    'ü€'.repeat(40),
    'q'.repeat(400),
    'z'.repeat(666),
  ];
  const known = texts.filter((t) => BLOCKS[versionFor(new TextEncoder().encode(t).length)]);
  assert.ok(known.length >= 6, 'the test knows enough versions');
  for (const text of known) {
    const code = qr(text);
    assert.ok(code);
    assert.equal(decode(code), text);
  }
});

test('the fixed parts stand where a scanner looks for them', () => {
  const code = qr('fixed parts')!;
  const finder = ['1111111', '1000001', '1011101', '1011101', '1011101', '1000001', '1111111'];
  for (const [x0, y0] of [
    [0, 0],
    [code.size - 7, 0],
    [0, code.size - 7],
  ] as const) {
    const seen = finder.map((_, y) =>
      Array.from({ length: 7 }, (_, x) => Number(code.dark(x0 + x, y0 + y))).join(''),
    );
    assert.deepEqual(seen, finder);
  }
  for (let i = 8; i < code.size - 8; i++) assert.equal(code.dark(i, 6), i % 2 === 0);
  assert.equal(code.dark(8, code.size - 8), true);
});

test('what is too long is refused, not cut', () => {
  assert.equal(qr('z'.repeat(667)), null);
  assert.equal(versionFor(14), 1);
  assert.equal(versionFor(15), 2);
});

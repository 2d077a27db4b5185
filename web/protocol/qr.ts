// A QR code of bytes (ISO/IEC 18004, byte mode, level M, versions 1 to 20): invites and 60-digit
// codes. Pure: text in, a square of dark and light modules out.

export interface Qr {
  readonly size: number;
  dark(x: number, y: number): boolean;
}

// ISO/IEC 18004 table 9, level M: [error words a block, blocks of group 1, data words a block,
// blocks of group 2]. A block of group 2 carries one data word more.
const BLOCKS: ReadonlyArray<readonly [number, number, number, number]> = [
  [10, 1, 16, 0],
  [16, 1, 28, 0],
  [26, 1, 44, 0],
  [18, 2, 32, 0],
  [24, 2, 43, 0],
  [16, 4, 27, 0],
  [18, 4, 31, 0],
  [22, 2, 38, 2],
  [22, 3, 36, 2],
  [26, 4, 43, 1],
  [30, 1, 50, 4],
  [22, 6, 36, 2],
  [22, 8, 37, 1],
  [24, 4, 40, 5],
  [24, 5, 41, 5],
  [28, 7, 45, 3],
  [28, 10, 46, 1],
  [26, 9, 43, 4],
  [26, 3, 44, 11],
  [26, 3, 41, 13],
];

function dataWords(version: number): number {
  const [, one, words, two] = BLOCKS[version - 1]!;
  return one * words + two * (words + 1);
}

/** The smallest version whose level M holds `bytes` bytes; 0 when none here does. */
export function versionFor(bytes: number): number {
  for (let version = 1; version <= BLOCKS.length; version++) {
    const head = version < 10 ? 12 : 20;
    if (head + bytes * 8 <= dataWords(version) * 8) return version;
  }
  return 0;
}

// GF(256) with the polynomial 0x11d, by logarithms.
const EXP = new Uint8Array(512);
const LOG = new Uint8Array(256);
for (let i = 0, x = 1; i < 255; i++) {
  EXP[i] = EXP[i + 255] = x;
  LOG[x] = i;
  x = (x << 1) ^ (x & 0x80 ? 0x11d : 0);
}

function generator(degree: number): Uint8Array {
  let poly = Uint8Array.of(1);
  for (let i = 0; i < degree; i++) {
    const next = new Uint8Array(poly.length + 1);
    poly.forEach((c, at) => {
      next[at]! ^= c;
      if (c) next[at + 1]! ^= EXP[LOG[c]! + i]!;
    });
    poly = next;
  }
  return poly;
}

function remainder(data: Uint8Array, divisor: Uint8Array): Uint8Array {
  const rest = new Uint8Array(data.length + divisor.length - 1);
  rest.set(data);
  for (let i = 0; i < data.length; i++) {
    const lead = rest[i]!;
    if (!lead) continue;
    divisor.forEach((c, at) => {
      if (c) rest[i + at]! ^= EXP[LOG[lead]! + LOG[c]!]!;
    });
  }
  return rest.slice(data.length);
}

// Mode, length, bytes, terminator and the alternating pad words.
function encode(bytes: Uint8Array, version: number): Uint8Array {
  const words = new Uint8Array(dataWords(version));
  let at = 0;
  const put = (value: number, bits: number) => {
    for (let i = bits - 1; i >= 0; i--, at++) {
      if ((value >> i) & 1) words[at >> 3]! |= 0x80 >> (at & 7);
    }
  };
  put(4, 4);
  put(bytes.length, version < 10 ? 8 : 16);
  bytes.forEach((b) => put(b, 8));
  at = Math.min(at + 4, words.length * 8);
  for (let i = Math.ceil(at / 8), pad = 0xec; i < words.length; i++, pad ^= 0xec ^ 0x11)
    words[i] = pad;
  return words;
}

// Splits into blocks, adds each block's error words, and interleaves both.
function interleave(words: Uint8Array, version: number): Uint8Array {
  const [errors, one, size, two] = BLOCKS[version - 1]!;
  const divisor = generator(errors);
  const blocks: Uint8Array[] = [];
  for (let i = 0, from = 0; i < one + two; i++) {
    const to = from + size + (i < one ? 0 : 1);
    blocks.push(words.subarray(from, to));
    from = to;
  }
  const tails = blocks.map((block) => remainder(block, divisor));
  const out: number[] = [];
  for (let i = 0; i <= size; i++)
    for (const block of blocks) if (i < block.length) out.push(block[i]!);
  for (let i = 0; i < errors; i++) for (const tail of tails) out.push(tail[i]!);
  return Uint8Array.from(out);
}

// Remainder of a BCH code: format (15,5) and version (18,6) information.
function bch(value: number, poly: number, bits: number): number {
  let rest = value << bits;
  while (rest >= 1 << bits) rest ^= poly << (31 - Math.clz32(rest) - bits);
  return (value << bits) | rest;
}

function alignment(version: number): number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const last = version * 4 + 10;
  const step = Math.ceil((last - 6) / (count - 1) / 2) * 2;
  return [6, ...Array.from({ length: count - 1 }, (_, i) => last - step * (count - 2 - i))];
}

const MASKS: ReadonlyArray<(x: number, y: number) => boolean> = [
  (x, y) => (x + y) % 2 === 0,
  (_, y) => y % 2 === 0,
  (x) => x % 3 === 0,
  (x, y) => (x + y) % 3 === 0,
  (x, y) => (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0,
  (x, y) => ((x * y) % 2) + ((x * y) % 3) === 0,
  (x, y) => (((x * y) % 2) + ((x * y) % 3)) % 2 === 0,
  (x, y) => (((x + y) % 2) + ((x * y) % 3)) % 2 === 0,
];

// One symbol under construction: modules and which of them are patterns (never masked).
class Canvas {
  readonly size: number;
  readonly dark: Uint8Array;
  readonly fixed: Uint8Array;

  constructor(readonly version: number) {
    this.size = version * 4 + 17;
    this.dark = new Uint8Array(this.size * this.size);
    this.fixed = new Uint8Array(this.size * this.size);
    this.patterns();
  }

  private fix(x: number, y: number, dark: boolean): void {
    if (x < 0 || y < 0 || x >= this.size || y >= this.size) return;
    this.dark[y * this.size + x] = dark ? 1 : 0;
    this.fixed[y * this.size + x] = 1;
  }

  private patterns(): void {
    const end = this.size - 7;
    for (let i = 0; i < this.size; i++) {
      this.fix(6, i, i % 2 === 0);
      this.fix(i, 6, i % 2 === 0);
    }
    for (const [cx, cy] of [
      [0, 0],
      [end, 0],
      [0, end],
    ] as const) {
      for (let y = -1; y <= 7; y++) {
        for (let x = -1; x <= 7; x++) {
          const ring = Math.max(Math.abs(x - 3), Math.abs(y - 3));
          this.fix(cx + x, cy + y, ring !== 2 && ring <= 3);
        }
      }
    }
    const at = alignment(this.version);
    const last = at.length - 1;
    at.forEach((cy, j) =>
      at.forEach((cx, i) => {
        if ((i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0)) return;
        for (let y = -2; y <= 2; y++) {
          for (let x = -2; x <= 2; x++)
            this.fix(cx + x, cy + y, Math.max(Math.abs(x), Math.abs(y)) !== 1);
        }
      }),
    );
    if (this.version >= 7) {
      const bits = bch(this.version, 0x1f25, 12);
      for (let i = 0; i < 18; i++) {
        const a = this.size - 11 + (i % 3);
        const b = Math.floor(i / 3);
        this.fix(a, b, ((bits >> i) & 1) === 1);
        this.fix(b, a, ((bits >> i) & 1) === 1);
      }
    }
    this.format(0);
  }

  // Level M is 00; the mask's number follows, under the fixed pattern 0x5412.
  format(mask: number): void {
    const bits = bch(mask, 0x537, 10) ^ 0x5412;
    const bit = (i: number) => ((bits >> i) & 1) === 1;
    for (let i = 0; i < 6; i++) this.fix(8, i, bit(i));
    this.fix(8, 7, bit(6));
    this.fix(8, 8, bit(7));
    this.fix(7, 8, bit(8));
    for (let i = 9; i < 15; i++) this.fix(14 - i, 8, bit(i));
    for (let i = 0; i < 8; i++) this.fix(this.size - 1 - i, 8, bit(i));
    for (let i = 8; i < 15; i++) this.fix(8, this.size - 15 + i, bit(i));
    this.fix(8, this.size - 8, true);
  }

  // Two columns at a time, right to left, up and down by turns; column 6 is the timing pattern.
  fill(words: Uint8Array): void {
    let at = 0;
    for (let right = this.size - 1, up = true; right > 0; right -= 2, up = !up) {
      if (right === 6) right = 5;
      for (let step = 0; step < this.size; step++) {
        const y = up ? this.size - 1 - step : step;
        for (const x of [right, right - 1]) {
          const i = y * this.size + x;
          if (this.fixed[i]) continue;
          this.dark[i] = at < words.length * 8 ? (words[at >> 3]! >> (7 - (at & 7))) & 1 : 0;
          at++;
        }
      }
    }
  }

  mask(mask: number): void {
    const flips = MASKS[mask]!;
    for (let y = 0; y < this.size; y++) {
      for (let x = 0; x < this.size; x++) {
        const i = y * this.size + x;
        if (!this.fixed[i] && flips(x, y)) this.dark[i]! ^= 1;
      }
    }
  }

  // ISO/IEC 18004 §7.8.3: the four penalties; the lowest total wins.
  penalty(): number {
    const { size, dark } = this;
    let total = 0;
    for (const [along, across] of [
      [1, size],
      [size, 1],
    ] as const) {
      for (let line = 0; line < size; line++) {
        let run = 0;
        let history = 0;
        for (let i = 0; i < size; i++) {
          const cell = dark[line * across + i * along]!;
          const before = i ? dark[line * across + (i - 1) * along]! : -1;
          run = cell === before ? run + 1 : 1;
          if (run === 5) total += 3;
          else if (run > 5) total += 1;
          history = ((history << 1) | cell) & 0x7ff;
          if (i >= 10 && (history === 0x5d0 || history === 0x05d)) total += 40;
        }
      }
    }
    let count = 0;
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const cell = dark[y * size + x]!;
        count += cell;
        if (
          x &&
          y &&
          cell === dark[y * size + x - 1] &&
          cell === dark[(y - 1) * size + x] &&
          cell === dark[(y - 1) * size + x - 1]
        )
          total += 3;
      }
    }
    return total + Math.floor(Math.abs((count * 20) / (size * size) - 10)) * 10;
  }
}

/** The symbol of `text` as UTF-8, or null when it is longer than version 20 holds (666 bytes). */
export function qr(text: string): Qr | null {
  const bytes = new TextEncoder().encode(text);
  const version = versionFor(bytes.length);
  if (!version) return null;
  const words = interleave(encode(bytes, version), version);
  let best: Canvas | null = null;
  let least = Infinity;
  for (let mask = 0; mask < 8; mask++) {
    const canvas = new Canvas(version);
    canvas.fill(words);
    canvas.mask(mask);
    canvas.format(mask);
    const penalty = canvas.penalty();
    if (penalty < least) [least, best] = [penalty, canvas];
  }
  const { size, dark } = best!;
  return { size, dark: (x, y) => dark[y * size + x] === 1 };
}

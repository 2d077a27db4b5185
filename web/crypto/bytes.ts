// Bytes as hex, base64url and text, and the reader and writer of the worker's own binary records.
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes;
export const text = (bytes: Uint8Array): string => decoder.decode(bytes);

export function toHex(bytes: Uint8Array): string {
  let out = '';
  for (const b of bytes) out += b.toString(16).padStart(2, '0');
  return out;
}

/** Lower or upper case; null when it is not `size` bytes of hex. */
export function fromHex(hex: unknown, size: number): Bytes | null {
  if (typeof hex !== 'string' || hex.length !== 2 * size || !/^[0-9a-fA-F]*$/.test(hex)) return null;
  return Uint8Array.from({ length: size }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** RFC 4648 §5 without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let out = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i;
    const n = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    out += ALPHABET[n >> 18]! + ALPHABET[(n >> 12) & 63]!;
    if (left > 1) out += ALPHABET[(n >> 6) & 63]!;
    if (left > 2) out += ALPHABET[n & 63]!;
  }
  return out;
}

/** Null for what is not canonical, or longer than `max` bytes. */
export function fromBase64url(value: unknown, max: number): Bytes | null {
  if (typeof value !== 'string' || value.length > Math.ceil((max * 4) / 3)) return null;
  if (!/^[A-Za-z0-9_-]*$/.test(value) || value.length % 4 === 1) return null;
  try {
    const binary = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0));
    return toBase64url(bytes) === value ? bytes : null;
  } catch {
    return null;
  }
}

export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Writes records: numbers big-endian, lists and strings with a u32 length before them. */
export class Writer {
  private readonly parts: Uint8Array[] = [];
  u8(value: number): this {
    this.parts.push(Uint8Array.of(value));
    return this;
  }
  u32(value: number): this {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setUint32(0, value);
    this.parts.push(part);
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.parts.push(bytes);
    return this;
  }
  bytes(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes);
  }
  text(value: string): this {
    return this.bytes(utf8(value));
  }
  done(): Bytes {
    return concat(...this.parts);
  }
}

/** Reads what the module writes. Copies out of it, so that the module's memory may be wiped. */
export class Reader {
  private at = 0;
  private readonly view: DataView;
  constructor(private readonly from: Uint8Array) {
    this.view = new DataView(from.buffer, from.byteOffset, from.length);
  }
  get done(): boolean {
    return this.at >= this.from.length;
  }
  u8(): number {
    return this.view.getUint8(this.at++);
  }
  u32(): number {
    this.at += 4;
    return this.view.getUint32(this.at - 4);
  }
  u64(): bigint {
    this.at += 8;
    return this.view.getBigUint64(this.at - 8);
  }
  raw(size: number): Bytes {
    if (this.at + size > this.from.length) throw new RangeError('record is cut');
    this.at += size;
    return this.from.slice(this.at - size, this.at) as Bytes;
  }
  rest(): Bytes {
    return this.raw(this.from.length - this.at);
  }
  bytes(): Bytes {
    return this.raw(this.u32());
  }
  text(): string {
    return text(this.bytes());
  }
  hex(size = 32): string {
    return toHex(this.raw(size));
  }
}

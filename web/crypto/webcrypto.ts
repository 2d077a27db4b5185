// The browser's own cryptography, as the Session's jobs and SFrame need it: X25519, AES-256-GCM and
// HKDF-SHA-512.
import type { Bytes } from './bytes.ts';
import type { Core } from './core.ts';

// RFC 8410 §7: PKCS #8 around a raw X25519 scalar; WebCrypto imports private keys in no shorter form.
const PKCS8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x6e, 4, 0x22, 4, 0x20];

/** X25519(scalar, point). Rejects when the result is all zero (RFC 7748 §6.1). */
export async function x25519(scalar: Bytes, point: Bytes): Promise<Bytes> {
  const wrapped = Uint8Array.from([...PKCS8, ...scalar]);
  const key = await crypto.subtle.importKey('pkcs8', wrapped, { name: 'X25519' }, false, [
    'deriveBits',
  ]);
  wrapped.fill(0);
  const other = await crypto.subtle.importKey('raw', point, { name: 'X25519' }, true, []);
  const bits = await crypto.subtle.deriveBits({ name: 'X25519', public: other }, key, 256);
  return new Uint8Array(bits);
}

const gcm = (iv: Bytes, additionalData: Bytes) => ({ name: 'AES-GCM', iv, additionalData });

export async function sealWith(key: Bytes, nonce: Bytes, additional: Bytes, text: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  key.fill(0);
  const sealed = await crypto.subtle.encrypt(gcm(nonce, additional), imported, text);
  text.fill(0);
  return new Uint8Array(sealed);
}

export async function openWith(key: Bytes, nonce: Bytes, additional: Bytes, sealed: Bytes): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['decrypt']);
  key.fill(0);
  return new Uint8Array(await crypto.subtle.decrypt(gcm(nonce, additional), imported, sealed));
}

/** What one KID's frames are sealed with. */
export interface FrameKey {
  key: CryptoKey;
  salt: Bytes;
}

const NOTHING = new Uint8Array(0);

/** RFC 9605 §4.4.2: the base key as an HKDF key that cannot be exported. Wipes `base`. */
export async function importBase(base: Bytes): Promise<CryptoKey> {
  const key = await crypto.subtle.importKey('raw', base, 'HKDF', false, ['deriveBits', 'deriveKey']);
  base.fill(0);
  return key;
}

/** Suites 4 (AES-128, SHA-256) and 5 (AES-256, SHA-512, ours) of RFC 9605. */
export async function deriveFrameKey(
  core: Core,
  base: CryptoKey,
  kid: bigint,
  suite: 4 | 5 = 5,
): Promise<FrameKey> {
  const labels = core.labels(kid, suite);
  const hash = suite === 5 ? 'SHA-512' : 'SHA-256';
  const how = (info: Bytes) => ({ name: 'HKDF', hash, salt: NOTHING, info });
  const aes = { name: 'AES-GCM', length: suite === 5 ? 256 : 128 };
  const key = await crypto.subtle.deriveKey(how(labels.key), base, aes, false, [
    'encrypt',
    'decrypt',
  ]);
  const salt = new Uint8Array(await crypto.subtle.deriveBits(how(labels.salt), base, 96));
  return { key, salt };
}

export async function sealFrame(
  core: Core,
  key: FrameKey,
  counter: bigint,
  additional: Bytes,
  text: Uint8Array,
): Promise<Bytes> {
  const iv = core.nonce(key.salt, counter);
  const how = gcm(iv, additional);
  return new Uint8Array(await crypto.subtle.encrypt(how, key.key, text as Bytes));
}

/** Null when it does not decrypt. */
export async function openFrame(
  core: Core,
  key: FrameKey,
  counter: bigint,
  additional: Bytes,
  sealed: Uint8Array,
): Promise<Bytes | null> {
  const how = gcm(core.nonce(key.salt, counter), additional);
  try {
    return new Uint8Array(await crypto.subtle.decrypt(how, key.key, sealed as Bytes));
  } catch {
    return null;
  }
}

/** Epoch keys by sender and epoch; a KID's key is derived with its first frame. */
export class FrameKeys {
  private readonly bases = new Map<string, Promise<CryptoKey>>();
  private readonly derived = new Map<bigint, Promise<FrameKey>>();

  constructor(private readonly core: Core) {}

  install(sender: number, epoch: number, base: Bytes): void {
    this.bases.set(`${sender}:${epoch & 0xffff}`, importBase(base));
  }
  erase(sender: number, epoch: number): void {
    this.bases.delete(`${sender}:${epoch & 0xffff}`);
    this.dropDerived((s, e) => s === sender && e === (epoch & 0xffff));
  }
  /** All keys of a sender, or all but one epoch's. */
  forget(sender: number, butEpoch: number | null): void {
    const goes = (s: number, e: number): boolean =>
      s === sender && (butEpoch === null || e !== (butEpoch & 0xffff));
    for (const name of [...this.bases.keys()]) {
      const [s, e] = name.split(':').map(Number);
      if (goes(s!, e!)) this.bases.delete(name);
    }
    this.dropDerived(goes);
  }
  clear(): void {
    this.bases.clear();
    this.derived.clear();
  }
  /** Null: no such epoch is held. */
  async of(kid: bigint): Promise<FrameKey | null> {
    let key = this.derived.get(kid);
    if (!key) {
      const base = this.bases.get(`${Number(kid >> 24n)}:${Number((kid >> 8n) & 0xffffn)}`);
      if (!base) return null;
      key = base.then((b) => deriveFrameKey(this.core, b, kid));
      this.derived.set(kid, key);
    }
    return key;
  }

  private dropDerived(which: (sender: number, epochLow: number) => boolean): void {
    for (const kid of [...this.derived.keys()])
      if (which(Number(kid >> 24n), Number((kid >> 8n) & 0xffffn))) this.derived.delete(kid);
  }
}

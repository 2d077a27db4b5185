// This device's identity: one ML-DSA-65 key for the browser profile's life. Where WebCrypto has
// ML-DSA the private key never exists as bytes outside the browser; else it is a seed in the WASM
// module, stored under an AES key that cannot be exported.
import type { Device } from './api.ts';
import { utf8, type Bytes } from './bytes.ts';
import type { Core } from './core.ts';
import type { Store } from './store.ts';
import { Refusal } from './wire.ts';

const ALGORITHM = 'ML-DSA-65';
const KEY = 'identity';
const PUBLIC_KEY_BYTES = 1952;
const SIGNATURE_BYTES = 3309;

type Stored =
  | { kind: 'webcrypto'; publicKey: Bytes; key: CryptoKey }
  | { kind: 'wrapped'; publicKey: Bytes; wrap: CryptoKey; iv: Bytes; seed: Bytes };

export class Identity {
  private constructor(
    private readonly core: Core,
    private readonly key: CryptoKey | null, // null: in the module
    readonly publicKey: Bytes,
    readonly device: Device,
  ) {}

  static async open(core: Core, store: Store): Promise<Identity> {
    let stored = await store.get<Stored>('device', KEY);
    const fresh = stored === undefined;
    if (!stored) {
      stored = await store.claim('device', KEY, (await inWebCrypto()) ?? (await inModule(core)));
    }
    if (stored.publicKey.length !== PUBLIC_KEY_BYTES)
      throw new Refusal('unavailable', 'the stored device key is damaged');
    let key: CryptoKey | null = null;
    if (stored.kind === 'webcrypto') key = stored.key;
    else await unwrapInto(core, stored);
    return new Identity(core, key, stored.publicKey, {
      fingerprint: core.fingerprint(stored.publicKey),
      storage: stored.kind,
      fresh,
    });
  }

  /** Hedged ML-DSA-65 with a context string: 3,309 bytes. */
  async sign(context: Bytes, message: Bytes): Promise<Bytes> {
    if (!this.key) return this.core.sign(context, message);
    const how = { name: ALGORITHM, context } as AlgorithmIdentifier;
    const signature = new Uint8Array(await crypto.subtle.sign(how, this.key, message));
    if (signature.length !== SIGNATURE_BYTES) throw new Refusal('unavailable', 'signing failed');
    return signature;
  }
}

// Null where the browser has no ML-DSA, or cannot keep such a key.
async function inWebCrypto(): Promise<Stored | null> {
  try {
    const pair = (await crypto.subtle.generateKey(ALGORITHM as unknown as EcKeyGenParams, false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const exported = await crypto.subtle.exportKey('raw-public' as 'raw', pair.publicKey);
    structuredClone(pair.privateKey); // as the database will
    const probe = { name: ALGORITHM, context: utf8('V100 probe') } as AlgorithmIdentifier;
    await crypto.subtle.sign(probe, pair.privateKey, new Uint8Array(1));
    return { kind: 'webcrypto', publicKey: new Uint8Array(exported), key: pair.privateKey };
  } catch {
    return null;
  }
}

async function inModule(core: Core): Promise<Stored> {
  const wrap = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  const { seed, publicKey } = core.makeDevice();
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, wrap, seed);
  seed.fill(0);
  return { kind: 'wrapped', publicKey, wrap, iv, seed: new Uint8Array(sealed) };
}

async function unwrapInto(core: Core, stored: Extract<Stored, { kind: 'wrapped' }>): Promise<void> {
  const how = { name: 'AES-GCM', iv: stored.iv };
  const seed = new Uint8Array(await crypto.subtle.decrypt(how, stored.wrap, stored.seed));
  core.loadDevice(seed);
  seed.fill(0);
}

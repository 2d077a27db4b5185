// The crypto core in the page and in workers: v100.wasm behind typed functions. Inputs and outputs
// are Uint8Arrays; every call copies in and out, and wipes what it used in the module's memory.
// Randomness comes from crypto.getRandomValues unless a caller (a test) hands it in.
// A trap in the module (a broken invariant) throws RuntimeError and ends the instance: load a new one.

export type Bytes = Uint8Array<ArrayBuffer>;

/** The module refused its input. `code` is what can be done about it, as in src/base/result.h. */
export class CoreError extends Error {
  constructor(readonly code: ErrorCode) {
    super(`v100.wasm: ${code}`);
  }
}
export type ErrorCode = (typeof CODES)[number] | 'bad_argument';
/** Of base/result.h, in its order: what exports answer, less one. */
export const CODES = [
  'malformed',
  'unauthenticated',
  'forbidden',
  'not_found',
  'conflict',
  'too_large',
  'busy',
  'timed_out',
  'unavailable',
  'unsupported',
] as const;
const badArgument = 100;

type Export = (...args: number[]) => number;

/** Lends memory of the module to one call and takes it back wiped. */
export class Call {
  private readonly lent: [pointer: number, size: number][] = [];

  constructor(private readonly core: Instance) {}

  /** Pointer and length of a copy of `bytes`. */
  in(bytes: Uint8Array): [number, number] {
    const pointer = this.room(bytes.length);
    this.core.bytes(pointer, bytes.length).set(bytes);
    return [pointer, bytes.length];
  }
  /** Pointer and length of `size` bytes for an output. */
  out(size: number): [number, number] {
    return [this.room(size), size];
  }
  /** A copy of an output. */
  read([pointer, size]: [number, number]): Bytes {
    return this.core.bytes(pointer, size).slice();
  }
  end(): void {
    for (const [pointer, size] of this.lent) this.core.free(pointer, size);
    this.core.scrub();
  }

  private room(size: number): number {
    const pointer = this.core.alloc(size);
    this.lent.push([pointer, size]);
    return pointer;
  }
}

/** The module itself. Other glue (e2ee) calls its own exports through this. */
export class Instance {
  private readonly memory: WebAssembly.Memory;
  private readonly functions: Record<string, Export | undefined>;

  constructor(instance: WebAssembly.Instance) {
    this.memory = instance.exports.memory as WebAssembly.Memory;
    this.functions = instance.exports as Record<string, Export>;
    (instance.exports._initialize as () => void)();
  }

  /** An export by name; a missing one means that core.ts and v100.wasm are of two builds. */
  private fn(name: string): Export {
    const found = this.functions[name];
    if (!found) throw new Error(`v100.wasm has no ${name}`);
    return found;
  }

  /** A view that is good until the next allocation: memory may move when it grows. */
  bytes(pointer: number, size: number): Bytes {
    return new Uint8Array(this.memory.buffer as ArrayBuffer, pointer, size);
  }
  bytesInMemory(): number {
    return this.memory.buffer.byteLength;
  }
  alloc(size: number): number {
    const pointer = this.fn('v100_alloc')(size);
    if (pointer === 0) throw new CoreError('too_large');
    return pointer;
  }
  free(pointer: number, size: number): void {
    this.fn('v100_free')(pointer, size);
  }
  scrub(): void {
    this.fn('v100_scrub')();
  }
  /** The raw status of an export, for those whose refusals are answers. */
  status(name: string, ...args: number[]): ErrorCode | 'ok' {
    const status = this.fn(name)(...args);
    if (status === 0) return 'ok';
    return status === badArgument ? 'bad_argument' : (CODES[status - 1] ?? 'bad_argument');
  }
  /** Runs an export and throws CoreError when it refuses. */
  run(name: string, ...args: number[]): void {
    const status = this.status(name, ...args);
    if (status !== 'ok') throw new CoreError(status);
  }
  /** Lends memory to `body` and wipes it afterwards, whatever happens. */
  call<T>(body: (call: Call) => T): T {
    const call = new Call(this);
    try {
      return body(call);
    } finally {
      call.end();
    }
  }
}

function random(size: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(size));
}

function hash(core: Instance, name: string, size: number) {
  return (input: Uint8Array): Bytes =>
    core.call((call) => {
      const out = call.out(size);
      core.run(name, ...call.in(input), ...out);
      return call.read(out);
    });
}
function xof(core: Instance, name: string) {
  return (input: Uint8Array, size: number): Bytes => hash(core, name, size)(input);
}

export interface KemKeyPair {
  publicKey: Bytes;
  privateKey: Bytes; // expanded, as FIPS 203 writes it; keep the seed instead where you can
}
export interface Encapsulated {
  ciphertext: Bytes;
  sharedSecret: Bytes;
}

function mlkem(core: Instance, set: number, ek: number, dk: number, ct: number) {
  return {
    seedBytes: 64,
    publicKeyBytes: ek,
    privateKeyBytes: dk,
    ciphertextBytes: ct,
    keygen(seed: Uint8Array = random(64)): KemKeyPair {
      return core.call((call) => {
        const publicKey = call.out(ek);
        const privateKey = call.out(dk);
        core.run('v100_mlkem_keygen', set, ...call.in(seed), ...publicKey, ...privateKey);
        return { publicKey: call.read(publicKey), privateKey: call.read(privateKey) };
      });
    },
    /** Throws `malformed` for a public key that FIPS 203 refuses. */
    encaps(publicKey: Uint8Array, m: Uint8Array = random(32)): Encapsulated {
      return core.call((call) => {
        const ciphertext = call.out(ct);
        const secret = call.out(32);
        core.run(
          'v100_mlkem_encaps',
          set,
          ...call.in(publicKey),
          ...call.in(m),
          ...ciphertext,
          ...secret,
        );
        return { ciphertext: call.read(ciphertext), sharedSecret: call.read(secret) };
      });
    },
    /** `privateKey` is expanded or the 64-byte seed. A wrong ciphertext gives a wrong secret. */
    decaps(privateKey: Uint8Array, ciphertext: Uint8Array): Bytes {
      return core.call((call) => {
        const secret = call.out(32);
        core.run(
          'v100_mlkem_decaps',
          set,
          ...call.in(privateKey),
          ...call.in(ciphertext),
          ...secret,
        );
        return call.read(secret);
      });
    },
  };
}

export interface SigningKeyPair {
  publicKey: Bytes;
  privateKey: Bytes; // expanded, as FIPS 204 writes it; keep the 32-byte seed instead where you can
}
const empty = new Uint8Array(0);

function mldsa(core: Instance, set: number, pk: number, sk: number, sig: number) {
  return {
    seedBytes: 32,
    publicKeyBytes: pk,
    privateKeyBytes: sk,
    signatureBytes: sig,
    keygen(seed: Uint8Array = random(32)): SigningKeyPair {
      return core.call((call) => {
        const publicKey = call.out(pk);
        const privateKey = call.out(sk);
        core.run('v100_mldsa_keygen', set, ...call.in(seed), ...publicKey, ...privateKey);
        return { publicKey: call.read(publicKey), privateKey: call.read(privateKey) };
      });
    },
    /** Only the public key of a seed. */
    publicKey(seed: Uint8Array): Bytes {
      return core.call((call) => {
        const publicKey = call.out(pk);
        core.run('v100_mldsa_keygen', set, ...call.in(seed), ...publicKey, 0, 0);
        return call.read(publicKey);
      });
    },
    /** `key` is the 32-byte seed or the expanded key; `context` at most 255 bytes. Hedged. */
    sign(
      key: Uint8Array,
      message: Uint8Array,
      context: Uint8Array = empty,
      rnd: Uint8Array = random(32),
    ): Bytes {
      return core.call((call) => {
        const signature = call.out(sig);
        core.run(
          'v100_mldsa_sign',
          set,
          ...call.in(key),
          ...call.in(message),
          ...call.in(context),
          ...call.in(rnd),
          ...signature,
        );
        return call.read(signature);
      });
    },
    /** Over the 64-byte mu of FIPS 204 instead of a message. */
    signMu(key: Uint8Array, mu: Uint8Array, rnd: Uint8Array = random(32)): Bytes {
      return core.call((call) => {
        const signature = call.out(sig);
        core.run(
          'v100_mldsa_sign_mu',
          set,
          ...call.in(key),
          ...call.in(mu),
          ...call.in(rnd),
          ...signature,
        );
        return call.read(signature);
      });
    },
    /** False for anything that is not this key's signature, wrong lengths included. */
    verify(
      publicKey: Uint8Array,
      message: Uint8Array,
      signature: Uint8Array,
      context: Uint8Array = empty,
    ): boolean {
      return core.call((call) => {
        const status = core.status(
          'v100_mldsa_verify',
          set,
          ...call.in(publicKey),
          ...call.in(message),
          ...call.in(context),
          ...call.in(signature),
        );
        if (status === 'bad_argument') throw new CoreError(status);
        return status === 'ok';
      });
    },
  };
}

// ---- X25519 by WebCrypto, for X-Wing

// RFC 8410, section 7: a PKCS #8 wrapping of 32 raw bytes; WebCrypto takes no raw private key.
const pkcs8Head = Uint8Array.of(
  0x30,
  0x2e,
  2,
  1,
  0,
  0x30,
  5,
  6,
  3,
  0x2b,
  0x65,
  0x6e,
  4,
  0x22,
  4,
  0x20,
);
const basePoint = Uint8Array.of(9, ...new Uint8Array(31));

async function x25519(scalar: Uint8Array, point: Bytes): Promise<Bytes> {
  const wrapped = new Uint8Array(48);
  wrapped.set(pkcs8Head);
  wrapped.set(scalar, 16);
  try {
    const key = await crypto.subtle.importKey('pkcs8', wrapped, { name: 'X25519' }, false, [
      'deriveBits',
    ]);
    const other = await crypto.subtle.importKey('raw', point, { name: 'X25519' }, true, []);
    // Throws OperationError for an all-zero result (RFC 7748, section 6.1).
    return new Uint8Array(
      await crypto.subtle.deriveBits({ name: 'X25519', public: other }, key, 256),
    );
  } finally {
    wrapped.fill(0);
  }
}

function xwing(core: Instance) {
  const steps = {
    /** What a seed stands for: the X25519 scalar, and the ML-KEM half of the public key. */
    expand(seed: Uint8Array): { scalar: Bytes; publicKeyM: Bytes } {
      return core.call((call) => {
        const scalar = call.out(32);
        const publicKeyM = call.out(1184);
        core.run('v100_xwing_expand', ...call.in(seed), ...scalar, ...publicKeyM);
        return { scalar: call.read(scalar), publicKeyM: call.read(publicKeyM) };
      });
    },
    /** ephemeral = X25519(e, 9), shared = X25519(e, pk_X). */
    encaps(
      publicKey: Uint8Array,
      m: Uint8Array,
      ephemeral: Uint8Array,
      shared: Uint8Array,
    ): Encapsulated {
      return core.call((call) => {
        const ciphertext = call.out(1120);
        const secret = call.out(32);
        core.run(
          'v100_xwing_encaps',
          ...call.in(publicKey),
          ...call.in(m),
          ...call.in(ephemeral),
          ...call.in(shared),
          ...ciphertext,
          ...secret,
        );
        return { ciphertext: call.read(ciphertext), sharedSecret: call.read(secret) };
      });
    },
    /** ownX = X25519(sk_X, 9), shared = X25519(sk_X, ct_X). */
    decaps(seed: Uint8Array, ownX: Uint8Array, ciphertext: Uint8Array, shared: Uint8Array): Bytes {
      return core.call((call) => {
        const secret = call.out(32);
        core.run(
          'v100_xwing_decaps',
          ...call.in(seed),
          ...call.in(ownX),
          ...call.in(ciphertext),
          ...call.in(shared),
          ...secret,
        );
        return call.read(secret);
      });
    },
  };
  return {
    seedBytes: 32,
    publicKeyBytes: 1216,
    ciphertextBytes: 1120,
    steps,
    async publicKey(seed: Uint8Array): Promise<Bytes> {
      const { scalar, publicKeyM } = steps.expand(seed);
      const publicKey = new Uint8Array(1216);
      publicKey.set(publicKeyM);
      publicKey.set(await x25519(scalar, basePoint), 1184);
      scalar.fill(0);
      return publicKey;
    },
    /** `eseed`: m and the ephemeral scalar, 64 random bytes. */
    async encaps(publicKey: Uint8Array, eseed: Uint8Array = random(64)): Promise<Encapsulated> {
      if (publicKey.length !== 1216) throw new CoreError('malformed');
      const scalar = eseed.slice(32);
      const shared = await x25519(scalar, publicKey.slice(1184));
      const ephemeral = await x25519(scalar, basePoint);
      const result = steps.encaps(publicKey, eseed.subarray(0, 32), ephemeral, shared);
      scalar.fill(0);
      shared.fill(0);
      return result;
    },
    async decaps(seed: Uint8Array, ciphertext: Uint8Array): Promise<Bytes> {
      if (ciphertext.length !== 1120) throw new CoreError('malformed');
      const { scalar } = steps.expand(seed);
      const ownX = await x25519(scalar, basePoint);
      const shared = await x25519(scalar, ciphertext.slice(1088));
      const secret = steps.decaps(seed, ownX, ciphertext, shared);
      scalar.fill(0);
      shared.fill(0);
      return secret;
    },
  };
}

function makeCore(instance: Instance) {
  return {
    instance,
    sha3_256: hash(instance, 'v100_sha3_256', 32),
    sha3_512: hash(instance, 'v100_sha3_512', 64),
    shake128: xof(instance, 'v100_shake128'),
    shake256: xof(instance, 'v100_shake256'),
    kmac256(key: Uint8Array, input: Uint8Array, customization: Uint8Array, size: number): Bytes {
      return instance.call((call) => {
        const tag = call.out(size);
        instance.run(
          'v100_kmac256',
          ...call.in(key),
          ...call.in(customization),
          ...call.in(input),
          ...tag,
        );
        return call.read(tag);
      });
    },
    mlkem512: mlkem(instance, 512, 800, 1632, 768),
    mlkem768: mlkem(instance, 768, 1184, 2400, 1088),
    mlkem1024: mlkem(instance, 1024, 1568, 3168, 1568),
    mldsa44: mldsa(instance, 44, 1312, 2560, 2420),
    mldsa65: mldsa(instance, 65, 1952, 4032, 3309),
    mldsa87: mldsa(instance, 87, 2592, 4896, 4627),
    xwing: xwing(instance),
  };
}
export type Core = ReturnType<typeof makeCore>;

export type CoreSource = WebAssembly.Module | BufferSource | Response | Promise<Response>;

/** Loads v100.wasm: a compiled module (which may be posted to workers), its bytes, or a fetch. */
export async function loadCore(source: CoreSource): Promise<Core> {
  const module =
    source instanceof WebAssembly.Module
      ? source
      : source instanceof ArrayBuffer || ArrayBuffer.isView(source)
        ? await WebAssembly.compile(source as BufferSource)
        : await WebAssembly.compileStreaming(source as Response | Promise<Response>);
  return makeCore(new Instance(await WebAssembly.instantiate(module)));
}

// What runs in node, in a page and in a worker: the native program's cases computed again by
// v100.wasm, the refusals, the browser's own WebCrypto as an independent second opinion, and times.
import { loadCore, type Core, type CoreSource } from '../../web/wasm/core.ts';

export interface Report {
  compared: number;
  checked: string[]; // what else was shown
  skipped: string[]; // what this platform lacks
  failures: string[];
  times: Record<string, number>; // microseconds a call, median
}

type Case = { kind: string } & Record<string, string>;

const fromHex = (text: string) =>
  Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    parseInt(text.slice(2 * i, 2 * i + 2), 16),
  );
const toHex = (bytes: Uint8Array) =>
  Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
const text = (s: string) => new TextEncoder().encode(s);

class Checks {
  compared = 0;
  readonly failures: string[] = [];
  equal(what: string, got: Uint8Array, want: string | undefined): void {
    this.compared++;
    if (toHex(got) !== want) this.failures.push(`${what}: differs from native`);
  }
  that(what: string, holds: boolean): void {
    this.compared++;
    if (!holds) this.failures.push(what);
  }
  refuses(what: string, code: string, body: () => unknown): void {
    this.compared++;
    try {
      body();
      this.failures.push(`${what}: was not refused`);
    } catch (error) {
      if ((error as { code?: string }).code !== code)
        this.failures.push(`${what}: ${String(error)}, expected ${code}`);
    }
  }
}

type Field = (name: string) => Uint8Array<ArrayBuffer>;

function hashCase(core: Core, field: Field, c: Case, checks: Checks): void {
  const input = field('input');
  checks.equal('sha3_256', core.sha3_256(input), c.sha3_256);
  checks.equal('sha3_512', core.sha3_512(input), c.sha3_512);
  checks.equal('shake128', core.shake128(input, 200), c.shake128);
  checks.equal('shake256', core.shake256(input, 300), c.shake256);
  const tag = core.kmac256(field('key'), input, field('customization'), 48);
  checks.equal('kmac256', tag, c.kmac256);
}

function kemCase(kem: Core['mlkem768'], field: Field, c: Case, checks: Checks): void {
  const pair = kem.keygen(field('seed'));
  checks.equal(`${c.kind} public key`, pair.publicKey, c.publicKey);
  checks.equal(`${c.kind} private key`, pair.privateKey, c.privateKey);
  const sent = kem.encaps(pair.publicKey, field('m'));
  checks.equal(`${c.kind} ciphertext`, sent.ciphertext, c.ciphertext);
  checks.equal(`${c.kind} secret`, sent.sharedSecret, c.sharedSecret);
  for (const key of [pair.privateKey, field('seed')]) {
    checks.equal(`${c.kind} decaps`, kem.decaps(key, sent.ciphertext), c.sharedSecret);
    checks.equal(`${c.kind} implicit rejection`, kem.decaps(key, field('wrong')), c.rejected);
  }
}

function signatureCase(dsa: Core['mldsa65'], field: Field, c: Case, checks: Checks): void {
  const [message, context, rnd] = [field('message'), field('context'), field('rnd')];
  const pair = dsa.keygen(field('seed'));
  checks.equal(`${c.kind} public key`, pair.publicKey, c.publicKey);
  checks.equal(`${c.kind} public key of seed`, dsa.publicKey(field('seed')), c.publicKey);
  checks.equal(`${c.kind} private key`, pair.privateKey, c.privateKey);
  for (const key of [pair.privateKey, field('seed')])
    checks.equal(`${c.kind} signature`, dsa.sign(key, message, context, rnd), c.signature);
  checks.equal(`${c.kind} over mu`, dsa.signMu(pair.privateKey, field('mu'), rnd), c.muSignature);
  const signature = field('signature');
  checks.that(`${c.kind} verifies`, dsa.verify(pair.publicKey, message, signature, context));
  checks.that(
    `${c.kind} other context`,
    !dsa.verify(pair.publicKey, message, signature, text('x')),
  );
  signature[signature.length >> 1]! ^= 1;
  checks.that(`${c.kind} changed`, !dsa.verify(pair.publicKey, message, signature, context));
}

async function xwingCase(core: Core, field: Field, c: Case, checks: Checks): Promise<void> {
  checks.equal('xwing public key', await core.xwing.publicKey(field('seed')), c.publicKey);
  const sent = await core.xwing.encaps(field('publicKey'), field('eseed'));
  checks.equal('xwing ciphertext', sent.ciphertext, c.ciphertext);
  checks.equal('xwing secret', sent.sharedSecret, c.sharedSecret);
  checks.equal(
    'xwing decaps',
    await core.xwing.decaps(field('seed'), sent.ciphertext),
    c.sharedSecret,
  );
}

function refusals(core: Core, checks: Checks): void {
  const { mlkem768, mldsa65 } = core;
  const key = mlkem768.keygen();
  checks.refuses('short public key', 'malformed', () => mlkem768.encaps(key.publicKey.slice(1)));
  checks.refuses('coefficients above q', 'malformed', () =>
    mlkem768.encaps(new Uint8Array(1184).fill(255)),
  );
  checks.refuses('short ciphertext', 'malformed', () =>
    mlkem768.decaps(key.privateKey, new Uint8Array(9)),
  );
  checks.refuses('short randomness', 'bad_argument', () => mlkem768.keygen(new Uint8Array(63)));
  const pair = mldsa65.keygen();
  const changed = pair.privateKey.slice();
  changed[4000]! ^= 1;
  checks.refuses('changed private key', 'malformed', () => mldsa65.sign(changed, text('m')));
  checks.refuses('context of 256 bytes', 'malformed', () =>
    mldsa65.sign(pair.privateKey, text('m'), new Uint8Array(256)),
  );
  checks.that(
    'signature of another length',
    !mldsa65.verify(pair.publicKey, text('m'), text('no')),
  );
  const twice = [0, 1].map(() => toHex(mldsa65.sign(pair.privateKey, text('m'))));
  checks.that('hedged signatures differ', twice[0] !== twice[1]);
}

// A secret that was handed in must not be found in the module's memory afterwards.
function leftovers(core: Core, checks: Checks): void {
  const memory = () => core.instance.bytes(0, core.instance.bytesInMemory());
  const found = (needle: Uint8Array): boolean => {
    const all = memory();
    for (let at = all.indexOf(needle[0]!); at >= 0; at = all.indexOf(needle[0]!, at + 1)) {
      let i = 1;
      while (i < 16 && all[at + i] === needle[i]) i++;
      if (i === 16) return true;
    }
    return false;
  };
  const random = (size: number) => crypto.getRandomValues(new Uint8Array(size));
  const kept = core.instance.alloc(64);
  const control = random(64);
  core.instance.bytes(kept, 64).set(control);
  checks.that('the search finds what is there', found(control));
  core.instance.free(kept, 64);
  const seeds = {
    mldsa: random(32),
    mlkem: random(64),
    rnd: random(32),
    m: random(32),
    xwing: random(32),
  };
  const dsa = core.mldsa65.keygen(seeds.mldsa);
  core.mldsa65.sign(seeds.mldsa, text('m'), text('c'), seeds.rnd);
  const kem = core.mlkem768.keygen(seeds.mlkem);
  const sent = core.mlkem768.encaps(kem.publicKey, seeds.m);
  core.mlkem768.decaps(seeds.mlkem, sent.ciphertext);
  const { scalar } = core.xwing.steps.expand(seeds.xwing);
  for (const [name, secret] of Object.entries({
    ...seeds,
    'ML-DSA K': dsa.privateKey.slice(32, 64),
    'ML-DSA s1': dsa.privateKey.slice(128, 256),
    'ML-KEM s': kem.privateKey.slice(0, 64),
    'shared secret': sent.sharedSecret,
    'X25519 scalar': scalar,
  }))
    checks.that(`${name} is wiped`, !found(secret));
}

// ---- WebCrypto's own post-quantum algorithms, where the browser has them

type Subtle = SubtleCrypto & {
  encapsulateBits(
    algorithm: { name: string },
    key: CryptoKey,
  ): Promise<{ sharedKey: ArrayBuffer; ciphertext: ArrayBuffer }>;
  decapsulateBits(
    algorithm: { name: string },
    key: CryptoKey,
    ciphertext: Uint8Array,
  ): Promise<ArrayBuffer>;
};
const subtle = () => crypto.subtle as Subtle;

async function has(name: string, usages: string[]): Promise<boolean> {
  try {
    await subtle().generateKey({ name }, false, usages as KeyUsage[]);
    return true;
  } catch {
    return false;
  }
}
const importKey = (format: string, bytes: Uint8Array, name: string, usages: string[]) =>
  subtle().importKey(format as 'raw', bytes as BufferSource, { name }, true, usages as KeyUsage[]);
const exported = async (format: string, key: CryptoKey) =>
  new Uint8Array((await subtle().exportKey(format as 'raw', key)) as ArrayBuffer);

async function signaturesWithWebCrypto(core: Core, checks: Checks): Promise<void> {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: 'ML-DSA-65', context: text('v100 interop') };
  const theirs = await importKey('raw-seed', seed, 'ML-DSA-65', ['sign']);
  const ours = core.mldsa65.keygen(seed);
  const publicKey = await importKey('raw-public', ours.publicKey, 'ML-DSA-65', ['verify']);
  const message = text('signed on one side, verified on the other');
  const theirSignature = new Uint8Array(await subtle().sign(algorithm, theirs, message));
  checks.that(
    'WebCrypto signs, we verify',
    core.mldsa65.verify(ours.publicKey, message, theirSignature, algorithm.context),
  );
  const ourSignature = core.mldsa65.sign(seed, message, algorithm.context);
  checks.that(
    'we sign, WebCrypto verifies',
    await subtle().verify(algorithm, publicKey, ourSignature, message),
  );
  checks.that(
    'WebCrypto refuses our signature under another context',
    !(await subtle().verify({ name: 'ML-DSA-65' }, publicKey, ourSignature, message)),
  );
}

interface Kem {
  name: string;
  publicKey(seed: Uint8Array): Promise<Uint8Array>;
  encaps(key: Uint8Array): Promise<{ ciphertext: Uint8Array; sharedSecret: Uint8Array }>;
  decaps(seed: Uint8Array, ciphertext: Uint8Array): Promise<Uint8Array>;
}

async function kemWithWebCrypto(kem: Kem, seedBytes: number, checks: Checks): Promise<void> {
  const { name } = kem;
  const seed = crypto.getRandomValues(new Uint8Array(seedBytes));
  const theirs = await importKey('raw-seed', seed, name, ['decapsulateBits']);
  const ourPublic = await kem.publicKey(seed);
  const publicKey = await importKey('raw-public', ourPublic, name, ['encapsulateBits']);
  const fromThem = await subtle().encapsulateBits({ name }, publicKey);
  const ourSecret = await kem.decaps(seed, new Uint8Array(fromThem.ciphertext));
  checks.equal(
    `${name}: WebCrypto encapsulates to us`,
    ourSecret,
    toHex(new Uint8Array(fromThem.sharedKey)),
  );
  const fromUs = await kem.encaps(ourPublic);
  const theirSecret = await subtle().decapsulateBits({ name }, theirs, fromUs.ciphertext);
  checks.equal(
    `${name}: we encapsulate to WebCrypto`,
    fromUs.sharedSecret,
    toHex(new Uint8Array(theirSecret)),
  );
}

async function webCrypto(core: Core, checks: Checks, report: Report): Promise<void> {
  const { mlkem768, xwing } = core;
  const kems: [Kem, number][] = [
    [
      {
        name: 'ML-KEM-768',
        publicKey: async (seed) => mlkem768.keygen(seed).publicKey,
        encaps: async (key) => mlkem768.encaps(key),
        decaps: async (seed, ciphertext) => mlkem768.decaps(seed, ciphertext),
      },
      64,
    ],
    [{ name: 'MLKEM768-X25519', ...pick(xwing) }, 32],
  ];
  const tries: [string, string[], () => Promise<void>][] = [
    ['ML-DSA-65', ['sign', 'verify'], () => signaturesWithWebCrypto(core, checks)],
    ...kems.map(
      ([kem, size]) =>
        [
          kem.name,
          ['encapsulateBits', 'decapsulateBits'],
          () => kemWithWebCrypto(kem, size, checks),
        ] as [string, string[], () => Promise<void>],
    ),
  ];
  for (const [name, usages, body] of tries) {
    if (!(await has(name, usages))) {
      report.skipped.push(`WebCrypto has no ${name}`);
      continue;
    }
    try {
      await body();
      report.checked.push(`${name} against WebCrypto, both directions`);
    } catch (error) {
      checks.that(`${name} against WebCrypto: ${String(error)}`, false);
    }
  }
}
function pick(xwing: Core['xwing']) {
  return { publicKey: xwing.publicKey, encaps: xwing.encaps, decaps: xwing.decaps };
}

// ---- Times

function timeOf(body: () => unknown): number {
  const samples: number[] = [];
  const until = performance.now() + 250;
  while (performance.now() < until && samples.length < 40) {
    const start = performance.now();
    for (let i = 0; i < 10; i++) body();
    samples.push((performance.now() - start) * 100);
  }
  samples.sort((a, b) => a - b);
  return Math.round(samples[samples.length >> 1]! * 10) / 10;
}

function times(core: Core): Record<string, number> {
  const { mldsa65, mlkem768 } = core;
  const dsa = mldsa65.keygen();
  const message = new Uint8Array(59);
  const signature = mldsa65.sign(dsa.privateKey, message);
  const kem = mlkem768.keygen();
  const sent = mlkem768.encaps(kem.publicKey);
  const kilobyte = new Uint8Array(1024);
  return {
    'mldsa65 keygen': timeOf(() => mldsa65.keygen()),
    'mldsa65 sign': timeOf(() => mldsa65.sign(dsa.privateKey, message)),
    'mldsa65 verify': timeOf(() => mldsa65.verify(dsa.publicKey, message, signature)),
    'mlkem768 keygen': timeOf(() => mlkem768.keygen()),
    'mlkem768 encaps': timeOf(() => mlkem768.encaps(kem.publicKey)),
    'mlkem768 decaps': timeOf(() => mlkem768.decaps(kem.privateKey, sent.ciphertext)),
    'sha3_256 1 KiB': timeOf(() => core.sha3_256(kilobyte)),
  };
}

export async function runCases(source: CoreSource, cases: Case[]): Promise<Report> {
  const core = await loadCore(source);
  const checks = new Checks();
  const report: Report = {
    compared: 0,
    checked: [],
    skipped: [],
    failures: checks.failures,
    times: {},
  };
  for (const c of cases) {
    const field: Field = (name) => fromHex(c[name]!);
    if (c.kind === 'hash') hashCase(core, field, c, checks);
    else if (c.kind.startsWith('mlkem')) kemCase(core[c.kind as 'mlkem768'], field, c, checks);
    else if (c.kind.startsWith('mldsa')) signatureCase(core[c.kind as 'mldsa65'], field, c, checks);
    else if (c.kind === 'xwing') await xwingCase(core, field, c, checks);
    else checks.that(`unknown case ${c.kind}`, false);
  }
  refusals(core, checks);
  leftovers(core, checks);
  await webCrypto(core, checks, report);
  report.compared = checks.compared;
  report.times = times(core);
  return report;
}

// In a worker this file answers one message with the report.
declare const WorkerGlobalScope: { new (): object } | undefined;
if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
  self.onmessage = async ({
    data,
  }: MessageEvent<{ module: WebAssembly.Module; cases: Case[] }>) => {
    self.postMessage(await runCases(data.module, data.cases));
  };
}

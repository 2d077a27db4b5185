// Broken if this fails: keys, signatures and ciphertexts of `v100 key|sign|verify|kem` against OpenSSL 3.5 (as node
// carries it), in both directions, for every parameter set. For SLH-DSA sets without public signing vectors this is
// the check of their signatures.
import crypto from 'node:crypto';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const v100 = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'v100-keys-'));
const at = (name) => join(folder, name);
const run = (...args) => execFileSync(v100, args, { cwd: folder });
const says = (...args) => spawnSync(v100, args, { cwd: folder }).status;
let checks = 0, failed = 0;
function check(good, what) {
  checks += 1;
  if (!good) {
    failed += 1;
    console.error(`FAIL ${what}`);
  }
}

const message = crypto.randomBytes(100_000);
const context = 'interop';
writeFileSync(at('message'), message);

const der = (key) => key.export({ type: 'spki', format: 'der' });
const publicOf = (pem) => der(crypto.createPublicKey(pem));

// Our private key in each form, opened by node: it must have our public key.
function ourKeys(name, seeded) {
  run('key', 'generate', name, '--out', 'key.pem', '--public', 'pub.pem', '--force');
  check((statSync(at('key.pem')).mode & 0o777) === 0o600, `${name}: mode of the private key`);
  const own = publicOf(readFileSync(at('pub.pem')));
  for (const form of seeded ? ['seed', 'expanded', 'both'] : ['seed']) {
    for (const format of ['pem', 'der']) {
      run('key', 'convert', 'key.pem', '--out', 'other', '--form', form, '--format', format, '--force');
      const key = crypto.createPrivateKey({ key: readFileSync(at('other')), format, type: 'pkcs8' });
      check(der(crypto.createPublicKey(key)).equals(own), `${name}: node opens ${format}, ${form}`);
    }
  }
  run('key', 'convert', 'key.pem', '--out', 'jwk', '--format', 'jwk', '--force');
  const jwk = crypto.createPrivateKey({ key: JSON.parse(readFileSync(at('jwk'))), format: 'jwk' });
  check(der(crypto.createPublicKey(jwk)).equals(own), `${name}: node opens the JWK`);
  run('key', 'convert', 'pub.pem', '--out', 'jwk', '--format', 'jwk', '--force');
  const publicJwk = crypto.createPublicKey({ key: JSON.parse(readFileSync(at('jwk'))), format: 'jwk' });
  check(der(publicJwk).equals(own), `${name}: node opens the public JWK`);
  // RFC 7638, by hand.
  const { alg, kty, pub } = JSON.parse(readFileSync(at('jwk')));
  const print = crypto.createHash('sha256').update(JSON.stringify({ alg, kty, pub })).digest('base64url');
  check(JSON.parse(run('key', 'show', 'pub.pem', '--json')).thumbprint === print, `${name}: thumbprint`);
}

// Node's key in each form, opened by us: it must have node's public key.
function nodeKeys(name) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(name.toLowerCase());
  const forms = {
    'node.pem': privateKey.export({ type: 'pkcs8', format: 'pem' }),
    'node.der': privateKey.export({ type: 'pkcs8', format: 'der' }),
    'node.jwk': JSON.stringify(privateKey.export({ format: 'jwk' })),
  };
  for (const [file, bytes] of Object.entries(forms)) {
    writeFileSync(at(file), bytes);
    const back = run('key', 'convert', file, '--public', '--format', 'der');
    check(back.equals(der(publicKey)), `${name}: ${file} opens`);
  }
  for (const [file, bytes] of [['pub.der', der(publicKey)], ['pub.jwk', JSON.stringify(publicKey.export({ format: 'jwk' }))]]) {
    writeFileSync(at(file), bytes);
    check(run('key', 'convert', file, '--format', 'der').equals(der(publicKey)), `${name}: ${file} opens`);
  }
  const again = run('key', 'convert', 'node.pem', '--format', 'der');
  check(again.equals(forms['node.der']), `${name}: PKCS#8 comes back byte for byte`);
  return { publicKey, privateKey };
}

function signatures(name, node) {
  const key = crypto.createPrivateKey(readFileSync(at('key.pem')));
  const pub = crypto.createPublicKey(readFileSync(at('pub.pem')));
  for (const extra of [[], ['--deterministic']]) {
    run('sign', '--key', 'key.pem', 'message', '--raw', '--out', 'sig', '--context', context, '--force', ...extra);
    const ours = readFileSync(at('sig'));
    check(crypto.verify(null, message, { key: pub, context: Buffer.from(context) }, ours), `${name}: node verifies ours ${extra}`);
    check(!crypto.verify(null, message, { key: pub, context: Buffer.from('x') }, ours), `${name}: another context`);
  }
  for (const [signer, file] of [[key, 'pub.pem'], [node.privateKey, 'pub.der']]) {
    const theirs = crypto.sign(null, message, { key: signer, context: Buffer.from(context) });
    writeFileSync(at('sig'), theirs);
    const verify = (...more) => says('verify', '--key', file, 'message', '--raw', '--signature', 'sig', '--quiet', ...more);
    check(verify('--context', context) === 0, `${name}: we verify node's`);
    check(verify('--context', 'other') === 1, `${name}: another context`);
    theirs[theirs.length >> 1] ^= 4;
    writeFileSync(at('sig'), theirs);
    check(verify('--context', context) === 1, `${name}: a changed signature`);
  }
}

function encapsulations(name, node) {
  const key = crypto.createPrivateKey(readFileSync(at('key.pem')));
  run('kem', 'encapsulate', '--key', 'pub.pem', '--ciphertext', 'c', '--secret', 's', '--force');
  check(crypto.decapsulate(key, readFileSync(at('c'))).equals(readFileSync(at('s'))), `${name}: node decapsulates ours`);
  const { sharedKey, ciphertext } = crypto.encapsulate(node.publicKey);
  writeFileSync(at('c'), ciphertext);
  run('kem', 'decapsulate', '--key', 'node.der', '--ciphertext', 'c', '--secret', 's', '--force');
  check(readFileSync(at('s')).equals(sharedKey), `${name}: we decapsulate node's`);
}

try {
  const names = JSON.parse(run('key', 'algorithms', '--json')).map((row) => row.algorithm);
  check(names.length === 18, 'all algorithms');
  for (const name of names) {
    ourKeys(name, !name.startsWith('SLH'));
    const node = nodeKeys(name);
    if (name.startsWith('ML-KEM')) encapsulations(name, node);
    else signatures(name, node);
  }
  // Streams, and an answer as JSON.
  run('key', 'generate', 'ML-DSA-65', '--out', 'key.pem', '--public', 'pub.pem', '--force');
  const signed = execFileSync(v100, ['sign', '--key', 'key.pem'], { cwd: folder, input: message });
  writeFileSync(at('stream.v100sig'), signed);
  check(/^v100 signature 1\nalgorithm: ML-DSA-65\nkey: [\w-]{43}\ncontext: v100 file\nhash: none\nsignature: /.test(signed), 'signature file');
  const answer = spawnSync(v100, ['verify', '--key', 'pub.pem', '--signature', 'stream.v100sig', '--json'], { cwd: folder, input: message });
  check(answer.status === 0 && JSON.parse(answer.stdout).valid === true, 'verified from standard input');
  const raw = Buffer.from(/signature: (.*)\n/.exec(signed)[1], 'base64');
  check(crypto.verify(null, message, { key: crypto.createPublicKey(readFileSync(at('pub.pem'))), context: Buffer.from('v100 file') }, raw),
    'node verifies what a signature file holds');
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${checks} checks, ${failed} failed`);
process.exit(failed === 0 && checks > 0 ? 0 : 1);

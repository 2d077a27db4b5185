// Broken if this fails: keys, certificates, requests and signatures of Debian's openssl with v100.so, against OpenSSL 3.5
// (as node carries it) in both directions.
import crypto, { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { at, certificateOf, need, openssl, requestIsGood, requestOf } from './provider.mjs';
import { check, finish, skip } from './server.mjs';

need(skip);
const ok = (result, what) => check(result.status === 0, result.status === 0 ? what : `${what}: ${result.stderr}`);
const read = (name) => readFileSync(at(name));
const spki = (key) => key.export({ type: 'spki', format: 'der' });
writeFileSync(at('message'), crypto.randomBytes(70000));

// Debian's openssl makes a root and a leaf of another algorithm; node verifies them.
function ours(name, leafName) {
  ok(openssl('req', '-x509', '-newkey', name, '-noenc', '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=root', '-days', '9'), `${name}: openssl req -x509 -newkey`);
  ok(openssl('req', '-new', '-newkey', leafName, '-noenc', '-keyout', 'leaf.key', '-out', 'leaf.csr', '-subj', '/CN=leaf'), `${leafName}: openssl req -new`);
  ok(openssl('req', '-in', 'leaf.csr', '-verify', '-noout'), `${leafName}: openssl req -verify`);
  ok(openssl('x509', '-req', '-in', 'leaf.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-out', 'leaf.pem', '-days', '8'), `${name}: openssl x509 -req`);
  ok(openssl('verify', '-CAfile', 'ca.pem', 'leaf.pem'), `${name}: openssl verify`);
  const ca = new X509Certificate(read('ca.pem')), leaf = new X509Certificate(read('leaf.pem'));
  check(ca.verify(ca.publicKey) && leaf.verify(ca.publicKey) && leaf.checkIssued(ca), `${name}: node verifies the chain`);
  check(leaf.publicKey.asymmetricKeyType === leafName.toLowerCase(), `${leafName}: node knows the leaf's key`);
  check(leaf.checkPrivateKey(crypto.createPrivateKey(read('leaf.key'))), `${leafName}: and that the private key is its own`);
  check(requestIsGood(read('leaf.csr').toString()), `${leafName}: node verifies the request`);
  const changed = Buffer.from(ca.raw);
  changed[changed.length - 100] ^= 1;
  check(!new X509Certificate(changed).verify(ca.publicKey), `${name}: node refuses a changed certificate`);
}

// Node's keys, in certificates and requests that node signed; Debian's openssl verifies them.
function theirs(name) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(name.toLowerCase());
  const leaf = crypto.generateKeyPairSync('ml-dsa-44');
  const text = certificateOf('root', spki(publicKey), 'root', privateKey, spki(publicKey));
  check(new X509Certificate(text).verify(publicKey), `${name}: node's certificate is good`);
  writeFileSync(at('node.pem'), text);
  writeFileSync(at('node-leaf.pem'), certificateOf('leaf', spki(leaf.publicKey), 'root', privateKey, spki(publicKey)));
  writeFileSync(at('node.csr'), requestOf('leaf', spki(publicKey), privateKey));
  ok(openssl('verify', '-check_ss_sig', '-CAfile', 'node.pem', 'node.pem'), `${name}: openssl verifies node's root`);
  ok(openssl('verify', '-CAfile', 'node.pem', 'node-leaf.pem'), `${name}: and its leaf`);
  ok(openssl('req', '-in', 'node.csr', '-verify', '-noout'), `${name}: and its request`);
  const raw = Buffer.from(new X509Certificate(text).raw);
  raw[raw.length - 60] ^= 1;
  writeFileSync(at('bad.der'), raw);
  check(openssl('verify', '-check_ss_sig', '-CAfile', 'bad.der', 'bad.der').status !== 0, `${name}: openssl refuses a changed certificate`);
  // The key itself, in each form, and signing with it.
  writeFileSync(at('node.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
  ok(openssl('x509', '-req', '-in', 'node.csr', '-CA', 'node.pem', '-CAkey', 'node.key', '-CAcreateserial', '-out', 'again.pem'), `${name}: openssl signs with node's key`);
  check(new X509Certificate(read('again.pem')).verify(publicKey), `${name}: which node verifies`);
}

// Detached signatures, in a context and without, and keys in text, encrypted and from a seed.
function signatures(name) {
  ok(openssl('genpkey', '-algorithm', name, '-out', 'key.pem'), `${name}: openssl genpkey`);
  ok(openssl('pkey', '-in', 'key.pem', '-pubout', '-out', 'pub.pem'), `${name}: openssl pkey -pubout`);
  const key = crypto.createPrivateKey(read('key.pem')), pub = crypto.createPublicKey(read('pub.pem'));
  check(spki(crypto.createPublicKey(key)).equals(spki(pub)), `${name}: node opens both`);
  const message = read('message'), context = Buffer.from('a context');
  ok(openssl('pkeyutl', '-sign', '-rawin', '-inkey', 'key.pem', '-in', 'message', '-out', 'sig', '-pkeyopt', `context-string:${context}`), `${name}: pkeyutl -sign`);
  check(crypto.verify(null, message, { key: pub, context }, read('sig')), `${name}: node verifies it`);
  check(!crypto.verify(null, message, pub, read('sig')), `${name}: in its context alone`);
  ok(openssl('dgst', '-sign', 'key.pem', '-out', 'sig', 'message'), `${name}: dgst -sign`);
  check(crypto.verify(null, message, pub, read('sig')), `${name}: node verifies it`);
  writeFileSync(at('sig'), crypto.sign(null, message, key));
  ok(openssl('dgst', '-verify', 'pub.pem', '-signature', 'sig', 'message'), `${name}: dgst -verify takes node's`);
  writeFileSync(at('sig'), crypto.sign(null, message, { key, context }));
  const verify = (text) => openssl('pkeyutl', '-verify', '-rawin', '-pubin', '-inkey', 'pub.pem', '-in', 'message', '-sigfile', 'sig', '-pkeyopt', `context-string:${text}`);
  ok(verify(context), `${name}: pkeyutl -verify takes node's`);
  check(verify('another').status !== 0, `${name}: in its context alone`);
  check(openssl('dgst', '-sha256', '-sign', 'key.pem', '-out', 'sig', 'message').status !== 0, `${name}: a named digest is refused`);
  ok(openssl('pkey', '-in', 'key.pem', '-aes256', '-passout', 'pass:word', '-out', 'sealed.pem'), `${name}: encrypted`);
  check(spki(crypto.createPublicKey({ key: read('sealed.pem'), passphrase: 'word' })).equals(spki(pub)), `${name}: node opens it`);
  writeFileSync(at('sealed2.pem'), key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'word' }));
  check(openssl('pkey', '-in', 'sealed2.pem', '-passin', 'pass:word', '-pubout').stdout === read('pub.pem').toString(), `${name}: we open node's`);
  check(openssl('pkey', '-in', 'key.pem', '-noout', '-text').stdout.startsWith(`${name} Private-Key:\n`), `${name}: as text`);
}

ours('ML-DSA-65', 'ML-DSA-44');
ours('ML-DSA-87', 'SLH-DSA-SHAKE-128f');
ours('SLH-DSA-SHA2-128s', 'ML-DSA-65');
for (const name of ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87', 'SLH-DSA-SHA2-128f', 'SLH-DSA-SHAKE-256f']) theirs(name);
for (const name of ['ML-DSA-65', 'SLH-DSA-SHAKE-128f']) signatures(name);
const seed = crypto.randomBytes(32).toString('hex');
ok(openssl('genpkey', '-algorithm', 'ML-DSA-65', '-pkeyopt', `hexseed:${seed}`, '-out', 'seeded.pem'), 'a key from a stated seed');
check(crypto.createPrivateKey(read('seeded.pem')).export({ format: 'jwk' }).priv === Buffer.from(seed, 'hex').toString('base64url'), 'node reads the same seed');

// A small authority by the openssl ca command: issue, revoke, list.
writeFileSync(at('index.txt'), '');
writeFileSync(at('serial'), '01\n');
writeFileSync(at('crlnumber'), '01\n');
const config = `[ca]
default_ca = authority
[authority]
dir = .
new_certs_dir = .
database = index.txt
serial = serial
crlnumber = crlnumber
default_md = default
policy = any
certificate = root.pem
private_key = root.key
default_days = 5
default_crl_days = 5
[any]
commonName = supplied
`;
writeFileSync(at('ca.cnf'), config);
ok(openssl('req', '-x509', '-newkey', 'ML-DSA-65', '-noenc', '-keyout', 'root.key', '-out', 'root.pem', '-subj', '/CN=root'), 'ca: a root');
ok(openssl('ca', '-config', 'ca.cnf', '-batch', '-notext', '-in', 'leaf.csr', '-out', 'issued.pem'), 'openssl ca issues');
ok(openssl('verify', '-CAfile', 'root.pem', 'issued.pem'), 'which verifies');
ok(openssl('ca', '-config', 'ca.cnf', '-revoke', 'issued.pem'), 'openssl ca revokes');
ok(openssl('ca', '-config', 'ca.cnf', '-gencrl', '-out', 'list.pem'), 'and lists it');
ok(openssl('crl', '-in', 'list.pem', '-CAfile', 'root.pem', '-noout'), 'the list verifies');
check(openssl('verify', '-crl_check', '-CRLfile', 'list.pem', '-CAfile', 'root.pem', 'issued.pem').status !== 0, 'and the certificate is revoked');
finish();

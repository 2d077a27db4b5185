// Node's own crypto (OpenSSL inside) for bench/compare.
import crypto from 'node:crypto';
import { kemSets, measure, message, signatureSets } from './timing.mjs';

const version = `Node ${process.version} (OpenSSL ${process.versions.openssl})`;
const row = (operation, work, variant) => measure('Node', version, operation, work, variant);

if (crypto.encapsulate) {
  for (const set of kemSets) {
    const name = `ml-kem-${set}`;
    const { publicKey, privateKey } = crypto.generateKeyPairSync(name);
    const { ciphertext } = crypto.encapsulate(publicKey);
    row(`${name}/keygen`, () => crypto.generateKeyPairSync(name));
    row(`${name}/encaps`, () => crypto.encapsulate(publicKey), 'KeyObject');
    row(`${name}/decaps`, () => crypto.decapsulate(privateKey, ciphertext), 'KeyObject');
  }
}
for (const set of signatureSets) {
  const name = `ml-dsa-${set}`;
  const { publicKey, privateKey } = crypto.generateKeyPairSync(name);
  const signature = crypto.sign(null, message, privateKey);
  row(`${name}/keygen`, () => crypto.generateKeyPairSync(name));
  row(`${name}/sign`, () => crypto.sign(null, message, privateKey), 'KeyObject');
  row(`${name}/verify`, () => crypto.verify(null, message, publicKey, signature), 'KeyObject');
}
const ed = crypto.generateKeyPairSync('ed25519');
const edSignature = crypto.sign(null, message, ed.privateKey);
row('ed25519/sign', () => crypto.sign(null, message, ed.privateKey));
row('ed25519/verify', () => crypto.verify(null, message, ed.publicKey, edSignature));

// liboqs as WebAssembly (@oqs/liboqs-js) for bench/compare. The argument is where npm put it.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { kemSets, measure, message, signatureSets } from './timing.mjs';

const root = `${process.argv[2]}/node_modules/@oqs/liboqs-js`;
const version = `liboqs-js ${JSON.parse(readFileSync(`${root}/package.json`)).version} (WASM)`;
const oqs = await import(pathToFileURL(`${root}/src/index.js`));
const row = (operation, work) => measure('liboqs-js', version, operation, work);

for (const set of kemSets) {
  const kem = await oqs[`createMLKEM${set}`]();
  const { publicKey, secretKey } = kem.generateKeyPair();
  const { ciphertext } = kem.encapsulate(publicKey);
  row(`ml-kem-${set}/keygen`, () => kem.generateKeyPair());
  row(`ml-kem-${set}/encaps`, () => kem.encapsulate(publicKey));
  row(`ml-kem-${set}/decaps`, () => kem.decapsulate(ciphertext, secretKey));
}
for (const set of signatureSets) {
  const dsa = await oqs[`createMLDSA${set}`]();
  const { publicKey, secretKey } = dsa.generateKeyPair();
  const signature = dsa.sign(message, secretKey);
  if (!dsa.verify(message, signature, publicKey)) throw new Error('liboqs does not verify itself');
  row(`ml-dsa-${set}/keygen`, () => dsa.generateKeyPair());
  row(`ml-dsa-${set}/sign`, () => dsa.sign(message, secretKey));
  row(`ml-dsa-${set}/verify`, () => dsa.verify(message, signature, publicKey));
}

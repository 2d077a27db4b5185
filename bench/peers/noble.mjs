// @noble/post-quantum, JavaScript alone, for bench/compare. The argument is where npm put it.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { kemSets, measure, message, signatureSets } from './timing.mjs';

const root = `${process.argv[2]}/node_modules/@noble/post-quantum`;
const version = `noble ${JSON.parse(readFileSync(`${root}/package.json`)).version}`;
const require = createRequire(`${process.argv[2]}/package.json`);
const load = (part) => import(pathToFileURL(require.resolve(`@noble/post-quantum/${part}.js`)));
const kems = await load('ml-kem');
const signatures = await load('ml-dsa');
const row = (operation, work) => measure('noble', version, operation, work);

for (const set of kemSets) {
  const kem = kems[`ml_kem${set}`];
  const { publicKey, secretKey } = kem.keygen();
  const { cipherText } = kem.encapsulate(publicKey);
  row(`ml-kem-${set}/keygen`, () => kem.keygen());
  row(`ml-kem-${set}/encaps`, () => kem.encapsulate(publicKey));
  row(`ml-kem-${set}/decaps`, () => kem.decapsulate(cipherText, secretKey));
}
for (const set of signatureSets) {
  const dsa = signatures[`ml_dsa${set}`];
  const { publicKey, secretKey } = dsa.keygen();
  const signature = dsa.sign(message, secretKey);
  if (!dsa.verify(signature, message, publicKey)) throw new Error('noble does not verify itself');
  row(`ml-dsa-${set}/keygen`, () => dsa.keygen());
  row(`ml-dsa-${set}/sign`, () => dsa.sign(message, secretKey));
  row(`ml-dsa-${set}/verify`, () => dsa.verify(signature, message, publicKey));
}

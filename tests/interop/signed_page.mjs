// Broken if this fails: a page cannot sign its requests with the browser's own ML-DSA (WebCrypto), or what it signs is
// refused. The key never leaves the browser's key store: it is made not extractable.
import { spawn } from 'node:child_process';
import readline from 'node:readline';
import { chromium, need, servePage } from './lib.mjs';

need('chromium');
const child = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
async function peer(command) {
  child.stdin.write(JSON.stringify(command) + '\n');
  return JSON.parse((await lines.next()).value);
}

// Runs in the page: a key, and a request signed with it as RFC 9421 says.
async function signInPage({ body, target, authority }) {
  const text = new TextEncoder();
  const base64 = (bytes) => btoa(String.fromCharCode(...new Uint8Array(bytes)));
  const sha256 = async (bytes) => base64(await crypto.subtle.digest('SHA-256', bytes));
  const pair = await crypto.subtle.generateKey({ name: 'ML-DSA-65' }, false, ['sign', 'verify']);
  const { kty, alg, pub } = await crypto.subtle.exportKey('jwk', pair.publicKey);
  const keyid = (await sha256(text.encode(JSON.stringify({ alg, kty, pub })))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
  const digest = `sha-256=:${await sha256(text.encode(body))}:`;
  const created = Math.floor(Date.now() / 1000);
  const params = `("@method" "@target-uri" "content-digest");created=${created};expires=${created + 30};nonce="${crypto.randomUUID()}"`
    + `;keyid="${keyid}";alg="ml-dsa-65";tag="v100"`;
  const base = `"@method": POST\n"@target-uri": https://${authority}${target}\n"content-digest": ${digest}\n"@signature-params": ${params}`;
  const signature = await crypto.subtle.sign({ name: 'ML-DSA-65' }, pair.privateKey, text.encode(base));
  return {
    jwk: { kty, alg, pub }, keyid, extractable: pair.privateKey.extractable,
    headers: { 'content-digest': digest, 'signature-input': `sig1=${params}`, signature: `sig1=:${base64(signature)}:` },
  };
}

const served = await servePage();
const browser = await chromium();
let failed = 0;
const check = (good, what, more) => {
  if (!good) {
    failed += 1;
    console.error(`FAIL ${what}`, more ?? '');
  }
};
try {
  const page = await browser.page(served.url);
  const request = { body: '{"name":"a room"}', target: '/v1/rooms?limit=3', authority: 'v100.example' };
  const signed = await page.evaluate(signInPage, request);
  check(signed.extractable === false, 'the private key stays in the browser');
  check((await peer({ do: 'learn', jwk: signed.jwk })).keyid === signed.keyid, 'thumbprint');
  const message = { method: 'POST', scheme: 'https', authority: request.authority, target: request.target, headers: signed.headers,
    body: Buffer.from(request.body).toString('base64url') };
  const now = Math.floor(Date.now() / 1000);
  const changed = { ...message, target: '/v1/rooms?limit=4' };
  check((await peer({ do: 'ask', message: changed, now })).reason === 'signature_invalid', 'another target');
  const answer = await peer({ do: 'ask', message, now });
  check(answer.reason === 'ok' && answer.keyid === signed.keyid, 'the page\'s request', answer);
  check((await peer({ do: 'ask', message, now })).reason === 'replayed', 'once');
} finally {
  await browser.stop();
  served.stop();
  child.stdin.end();
}
console.log(failed === 0 ? 'signed in the page, let in once' : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

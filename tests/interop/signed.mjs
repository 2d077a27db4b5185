// Broken if this fails: signed requests, answers, COSE messages or tokens that others make are refused, or ours are
// by them. The others are npm's http-message-signatures and jose over node's own (OpenSSL's) ML-DSA.
import { spawn } from 'node:child_process';
import crypto from 'node:crypto';
import { createRequire } from 'node:module';
import readline from 'node:readline';

const web = createRequire(new URL('../../web/package.json', import.meta.url));
let httpbis, jose;
try {
  ({ httpbis } = web('http-message-signatures'));
  jose = await import(web.resolve('jose'));
} catch {
  console.log('skipped: http-message-signatures or jose (npm ci in web/) is missing');
  process.exit(77);
}

const child = spawn(process.argv[2], { stdio: ['pipe', 'pipe', 'inherit'] });
const lines = readline.createInterface({ input: child.stdout })[Symbol.asyncIterator]();
async function peer(command) {
  child.stdin.write(JSON.stringify(command) + '\n');
  return JSON.parse((await lines.next()).value);
}
let checks = 0, failed = 0;
function check(good, what, more) {
  checks += 1;
  if (!good) {
    failed += 1;
    console.error(`FAIL ${what}`, more ?? '');
  }
}

const now = () => Math.floor(Date.now() / 1000);
const b64u = (bytes) => Buffer.from(bytes).toString('base64url');
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest();
const thumbprint = ({ alg, kty, pub }) => sha256(JSON.stringify({ alg, kty, pub })).toString('base64url');
const sets = ['ML-DSA-44', 'ML-DSA-65', 'ML-DSA-87'];
const body = Buffer.from('{"name":"a room"}');
const url = new URL('https://v100.example/v1/rooms?limit=3&q=a%20b');
const parts = (headers = {}, content = body, method = 'POST') => ({
  method, scheme: 'https', authority: url.host, target: url.pathname + url.search, headers, body: b64u(content),
});
const lower = (headers) => Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v]));

// What http-message-signatures needs of a key.
const signing = (key, id, alg) => ({ id, alg, sign: async (data) => crypto.sign(null, data, key) });
const lookup = (key, id) => async (params) =>
  params.keyid !== id ? null : { id, verify: async (data, signature) => crypto.verify(null, data, key, signature) };
const params = ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag'];
const values = () => ({ expires: new Date((now() + 30) * 1000), nonce: crypto.randomUUID(), tag: 'v100' });

// Their signed request at our gate.
async function theirRequests(node, id, alg) {
  const digest = `sha-256=:${sha256(body).toString('base64')}:`;
  for (const [what, fields, headers, content, method] of [
    ['@target-uri', ['@method', '@target-uri', 'content-digest', 'content-type', 'x-tenant'],
      { 'Content-Type': 'application/json', 'Content-Digest': digest, 'X-Tenant': 'blue' }, body, 'POST'],
    ['@authority, @path, @query', ['@method', '@authority', '@path', '@query', 'content-digest'], { 'Content-Digest': digest }, body, 'POST'],
    ['@query-param too', ['@method', '@target-uri', '"@query-param";name="limit"'], {}, '', 'GET'],
    ['a dictionary member too', ['@method', '@target-uri', 'content-digest', '"content-digest";key="sha-256"'], { 'Content-Digest': digest }, body, 'POST'],
  ]) {
    const signed = await httpbis.signMessage(
      { key: signing(node.privateKey, id, alg), name: 'sig', fields, params, paramValues: values() },
      { method, url: url.href, headers });
    const message = parts(signed.headers, content, method);
    const answer = await peer({ do: 'ask', message, now: now() });
    check(answer.reason === 'ok' && answer.lane === 'header' && answer.keyid === id, `${alg}: their request, ${what}`, answer);
    check((await peer({ do: 'ask', message, now: now() })).reason === 'replayed', `${alg}: again`);
    const changed = { ...message, target: message.target + '0' };
    check((await peer({ do: 'ask', message: changed, now: now() })).reason !== 'ok', `${alg}: changed`);
  }
}

// Our signed request in their hands.
async function ourRequests(own, key, alg) {
  for (const [split, sha512] of [[false, false], [true, true]]) {
    const headers = { 'content-type': 'application/json', 'x-tenant': 'blue' };
    const made = await peer({ do: 'sign', message: parts(headers), created: now(), expires: now() + 30, nonce: 'n1', split, sha512 });
    const message = { method: 'POST', url: url.href,
      headers: { ...headers, 'Content-Digest': made['content-digest'], 'Signature-Input': made['signature-input'], Signature: made.signature } };
    const config = { keyLookup: lookup(key, own.keyid), requiredParams: params, requiredFields: ['@method', 'content-digest', 'x-tenant'] };
    check(await httpbis.verifyMessage(config, message) === true, `${alg}: they verify ours, split ${split}`);
    const expected = sha512 ? `sha-512=:${crypto.createHash('sha512').update(body).digest('base64')}:` : `sha-256=:${sha256(body).toString('base64')}:`;
    check(made['content-digest'] === expected, `${alg}: our digest`);
    message.headers['x-tenant'] = 'red';
    check(await httpbis.verifyMessage(config, message) === false, `${alg}: they refuse a change`);
  }
}

// Answers bound to their request, both ways.
async function answers(own, ownKey, node, id, alg) {
  const signed = await httpbis.signMessage(
    { key: signing(node.privateKey, id, alg), name: 'sig', fields: ['@method', '@target-uri'], params, paramValues: values() },
    { method: 'GET', url: url.href, headers: {} });
  const request = { method: 'GET', url: url.href, headers: signed.headers };
  const requestParts = parts(signed.headers, '', 'GET');
  const headers = { 'content-type': 'application/json' };
  const made = await peer({ do: 'sign_response', request: requestParts, message: { status: 201, headers, body: b64u(body) },
    created: now(), expires: now() + 30, nonce: 'r1' });
  const response = { status: 201, headers: { ...headers, 'content-digest': made['content-digest'],
    'signature-input': made['signature-input'], signature: made.signature } };
  const config = { keyLookup: lookup(ownKey, own.keyid), requiredFields: ['@status', 'signature'] };
  check(await httpbis.verifyMessage(config, response, request) === true, `${alg}: they verify our answer`);
  const other = { ...request, url: url.href + '0' };
  check(await httpbis.verifyMessage(config, response, other) === false, `${alg}: not as another request's`);
  const theirs = await httpbis.signMessage(
    { key: signing(node.privateKey, id, alg), name: 'sig', fields: ['@status', 'content-digest', '"@method";req', '"signature";req;key="sig"'],
      params, paramValues: values() },
    { status: 200, headers: { 'content-digest': `sha-256=:${sha256(body).toString('base64')}:` } }, request);
  const message = { status: 200, headers: lower(theirs.headers), body: b64u(body) };
  const answer = await peer({ do: 'check', request: requestParts, message, now: now() });
  check(answer.reason === 'ok' && answer.keyid === id, `${alg}: their answer`, answer);
  message.status = 500;
  check((await peer({ do: 'check', request: requestParts, message, now: now() })).reason === 'signature_invalid', `${alg}: their answer changed`);
}

// A small CBOR of our own making, as a client in another language would write it.
function cbor(value) {
  const head = (major, n) => {
    if (n < 24) return Buffer.from([major << 5 | n]);
    if (n < 256) return Buffer.from([major << 5 | 24, n]);
    if (n < 65536) return Buffer.from([major << 5 | 25, n >> 8, n & 255]);
    const b = Buffer.alloc(5);
    b[0] = major << 5 | 26;
    b.writeUInt32BE(n, 1);
    return b;
  };
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (Array.isArray(value)) return Buffer.concat([head(4, value.length), ...value.map(cbor)]);
  return Buffer.concat([head(5, value.size), ...[...value].flatMap(([k, v]) => [cbor(k), cbor(v)])]);
}

async function fastLane(ownKey, node, id, set, sequence) {
  const cose = { 'ML-DSA-44': -48, 'ML-DSA-65': -49, 'ML-DSA-87': -50 }[set];
  const type = { 'content-type': 'application/cose; cose-type="cose-sign1"' };
  const claims = new Map([[4, now() + 30], [6, now()], ['seq', sequence], ['method', 'POST'], ['target', url.pathname + url.search],
    ['headers', new Map([['x-tenant', 'blue']])], ['authority', url.host]]);
  const header = cbor(new Map([[1, cose], [4, Buffer.from(id, 'base64url')], [15, claims], [16, 'v100-request'], [258, -16]]));
  const digest = sha256(body);
  const signature = crypto.sign(null, cbor(['Signature1', header, Buffer.alloc(0), digest]), node.privateKey);
  const message = Buffer.concat([Buffer.from([0xd2]), cbor([header, new Map([['content', body]]), digest, signature])]);
  const answer = await peer({ do: 'ask', message: parts(type, message), now: now() });
  check(answer.reason === 'ok' && answer.lane === 'fast' && answer.content === b64u(body), `${set}: their COSE`, answer);
  // Ours: the same bytes but for key, sequence and signature.
  const made = await peer({ do: 'sign_fast', message: parts({ 'x-tenant': 'blue' }), created: now(), expires: now() + 30, sequence });
  const ours = Buffer.from(made.body, 'base64url');
  const size = signature.length;
  const ourDigest = ours.subarray(ours.length - size - 3 - 32, ours.length - size - 3);
  const ourHeader = ours.subarray(2 + (ours[2] === 0x58 ? 2 : 3), ours.indexOf('content') - 2);
  check(ourDigest.equals(digest), `${set}: our COSE's digest`);
  check(crypto.verify(null, cbor(['Signature1', ourHeader, Buffer.alloc(0), ourDigest]), ownKey, ours.subarray(ours.length - size)),
    `${set}: they verify our COSE`);
}

async function tokens(own, ownKey, node, id, set) {
  const { token } = await peer({ do: 'issue', now: now() });
  const keys = jose.createLocalJWKSet(own.jwks);
  const terms = { issuer: 'https://v100.example', audience: 'storage', algorithms: [set] };
  const read = await jose.jwtVerify(token, keys, terms);
  check(read.payload.sub === 'user-7' && read.protectedHeader.kid === own.keyid, `${set}: jose verifies ours`);
  await jose.jwtVerify(token.slice(0, -4) + 'AAAA', keys, terms).then(() => check(false, `${set}: jose takes a changed one`), () => check(true));
  const theirs = await new jose.SignJWT({ scope: 'read' }).setProtectedHeader({ alg: set, kid: id }).setIssuer('https://them.example')
    .setAudience('storage').setSubject('their-user').setIssuedAt().setExpirationTime('1m').sign(node.privateKey);
  const answer = await peer({ do: 'verify_token', token: theirs, issuer: 'https://them.example', now: now() });
  check(answer.sub === 'their-user' && answer.keyid === id, `${set}: we verify jose's`, answer);
  check((await peer({ do: 'verify_token', token: theirs, issuer: 'https://them.example', now: now() + 100 })).error, `${set}: until it ends`);
  check(await jose.calculateJwkThumbprint(own.jwk) === own.keyid, `${set}: jose's thumbprint of our key`);
}

try {
  let sequence = 1;
  for (const set of sets) {
    const alg = set.toLowerCase();
    const own = await peer({ do: 'own', alg: set });
    const ownKey = crypto.createPublicKey({ key: own.jwk, format: 'jwk' });
    const node = crypto.generateKeyPairSync(alg);
    const jwk = node.publicKey.export({ format: 'jwk' });
    const { keyid } = await peer({ do: 'learn', jwk });
    check(keyid === thumbprint(jwk), `${set}: thumbprint`);
    await theirRequests(node, keyid, alg);
    await ourRequests(own, ownKey, alg);
    await answers(own, ownKey, node, keyid, alg);
    await fastLane(ownKey, node, keyid, set, sequence++);
    await tokens(own, ownKey, node, keyid, set);
  }
} catch (error) {
  check(false, 'no exception', error);
}
child.stdin.end();
console.log(`${checks} checks, ${failed} failed`);
process.exit(failed === 0 && checks > 0 ? 0 : 1);

// What the tests of v100.so share: Debian's openssl with the installed configuration, and the little DER that building
// certificates and requests with node's own keys takes (node has signatures, but makes no certificates).
import crypto from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

export const modules = dirname(resolve(process.argv[2] ?? ''));
export const folder = mkdtempSync(join(tmpdir(), 'v100-provider-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
export const at = (name) => join(folder, name);

export const environment = {
  ...process.env,
  OPENSSL_CONF: join(modules, 'v100.cnf'),
  OPENSSL_MODULES: modules,
  no_proxy: '*',
};
export const openssl = (...args) =>
  spawnSync('/usr/bin/openssl', args, { cwd: folder, env: environment, encoding: 'utf8', input: '', timeout: 60000 });

export function need(skip) {
  const version = spawnSync('/usr/bin/openssl', ['version'], { encoding: 'utf8' }).stdout ?? '';
  if (!/^OpenSSL 3\.[0-4]\./.test(version)) skip(`openssl is ${version || 'not there'}; from 3.5 on it needs no provider`);
  if (!existsSync(join(modules, 'v100.cnf'))) skip('no v100.cnf beside the module');
  if (Number(process.versions.openssl.split('.').slice(0, 2).join('.')) < 3.5) skip('node has an OpenSSL before 3.5');
}

// ---- DER ----

export function der(tag, ...parts) {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const size = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}
const sequence = (...parts) => der(0x30, ...parts);
const commonName = (name) =>
  sequence(der(0x31, sequence(Buffer.from([0x06, 0x03, 0x55, 0x04, 0x03]), der(0x0c, Buffer.from(name)))));
// The AlgorithmIdentifier that a public key names; RFC 9881 and 9909: the signature's is the same.
export const identifierOf = (spki) => children(spki)[0].whole;

// The values inside one constructed value.
export function children(value) {
  const found = [];
  let { at: next, end } = contents(value, 0);
  while (next < end) {
    const inner = contents(value, next);
    found.push({ whole: value.subarray(next, inner.end), body: value.subarray(inner.at, inner.end) });
    next = inner.end;
  }
  return found;
}
function contents(value, start) {
  const first = value[start + 1];
  if (first < 128) return { at: start + 2, end: start + 2 + first };
  const count = first & 127;
  const size = value.readUIntBE(start + 2, count);
  return { at: start + 2 + count, end: start + 2 + count + size };
}

const signed = (body, identifier, key) =>
  sequence(body, identifier, der(0x03, [0], crypto.sign(null, body, key)));
const pem = (label, bytes) => `-----BEGIN ${label}-----\n${bytes.toString('base64').match(/.{1,64}/g).join('\n')}\n-----END ${label}-----\n`;

// A certificate by node's keys: version 3, CA, a year from now.
export function certificateOf(subject, spki, issuer, issuerKey, issuerSpki) {
  const time = (days) => {
    const when = new Date(Date.now() + days * 86400000).toISOString().replace(/[-:T]/g, '').slice(2, 14);
    return der(0x17, Buffer.from(when + 'Z'));
  };
  const isCa = sequence(Buffer.from([0x06, 0x03, 0x55, 0x1d, 0x13]), der(0x01, [0xff]), der(0x04, sequence(der(0x01, [0xff]))));
  const identifier = identifierOf(issuerSpki);
  const body = sequence(der(0xa0, der(0x02, [2])), der(0x02, crypto.randomBytes(8).fill(1, 0, 1)), identifier, commonName(issuer),
    sequence(time(-1), time(365)), commonName(subject), spki, der(0xa3, sequence(isCa)));
  return pem('CERTIFICATE', signed(body, identifier, issuerKey));
}

export function requestOf(subject, spki, key) {
  const body = sequence(der(0x02, [0]), commonName(subject), spki, der(0xa0));
  return pem('CERTIFICATE REQUEST', signed(body, identifierOf(spki), key));
}

// Whether a request's signature is its own key's.
export function requestIsGood(text) {
  const bytes = Buffer.from(text.replace(/-----[^-]+-----|\s/g, ''), 'base64');
  const [body, , signature] = children(bytes);
  const spki = children(body.whole)[2].whole;
  const key = crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return crypto.verify(null, body.whole, key, signature.body.subarray(1));
}

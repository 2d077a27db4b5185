// Broken if this fails: two parsers of HTTP/1.1 read one byte string differently, which is how requests are smuggled.
// Each case goes, followed by a second request on the same connection, to our server, nginx and node's server. Ours
// may be stricter than they are. What ours accepts, each of them either refuses or reads as the same requests.
import { spawn, execFileSync } from 'node:child_process';
import { createServer } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, finish, skip, sleep } from './server.mjs';
import { Line, startProgram } from './raw.mjs';

const H = 'Host: a\r\n';
// name, bytes of the first request, what ours must say: a status, 'closed' (an answer and the end), or 'any'
const cases = [
  ['a plain request', `GET /1 HTTP/1.1\r\n${H}\r\n`, 200],
  ['a body with its length', `POST /1 HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, 200],
  ['a chunked body', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 200],
  ['chunks with trailers', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n`, 200],
  ['a chunk extension', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\n\r\n`, 'any'],
  ['length and chunks', `POST /1 HTTP/1.1\r\n${H}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['chunks and length', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`, 400],
  ['two lengths that differ', `POST /1 HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`, 400],
  ['two lengths that agree', `POST /1 HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`, 'any'],
  ['a list of lengths', `POST /1 HTTP/1.1\r\n${H}Content-Length: 5, 5\r\n\r\nhello`, 'any'],
  ['a signed length', `POST /1 HTTP/1.1\r\n${H}Content-Length: +5\r\n\r\nhello`, 400],
  ['a negative length', `POST /1 HTTP/1.1\r\n${H}Content-Length: -5\r\n\r\nhello`, 400],
  ['a hexadecimal length', `POST /1 HTTP/1.1\r\n${H}Content-Length: 0x5\r\n\r\nhello`, 400],
  ['a length of 20 digits', `POST /1 HTTP/1.1\r\n${H}Content-Length: 18446744073709551621\r\n\r\nhello`, 'refused'],
  ['an empty length', `POST /1 HTTP/1.1\r\n${H}Content-Length: \r\n\r\n`, 400],
  ['a space before the colon', `POST /1 HTTP/1.1\r\n${H}Content-Length : 5\r\n\r\nhello`, 400],
  ['an encoding that is not chunked', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: identity\r\n\r\n`, 'refused'],
  ['an unknown encoding', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked twice', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked in two fields', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked, then something', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked behind a vertical tab', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked in quotes', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n`, 'refused'],
  ['chunked in capitals', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n`, 'any'],
  ['chunked in HTTP/1.0', `POST /1 HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 'refused'],
  ['a chunk size with a sign', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n`, 400],
  ['a chunk size with 0x', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n`, 400],
  ['a chunk size with a space', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n`, 'any'],
  ['a chunk size of 17 digits', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n`, 'refused'],
  ['a chunk ended by a bare line feed', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\nhello\n0\n\n`, 400],
  ['a chunk longer than it says', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n`, 400],
  ['an extension with a line feed', `POST /1 HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n2;\nxx\r\nab\r\n0\r\n\r\n`, 400],
  ['bare line feeds', `GET /1 HTTP/1.1\nHost: a\n\n`, 'any'],
  ['a bare carriage return in a field', `GET /1 HTTP/1.1\r\n${H}X: a\rb\r\n\r\n`, 400],
  ['a zero byte in a field', `GET /1 HTTP/1.1\r\n${H}X: a\0b\r\n\r\n`, 400],
  ['a folded field', `GET /1 HTTP/1.1\r\n${H}X: a\r\n b\r\n\r\n`, 400],
  ['a fold before the first field', `GET /1 HTTP/1.1\r\n ${H}\r\n`, 400],
  ['a field without a colon', `GET /1 HTTP/1.1\r\n${H}Nonsense\r\n\r\n`, 400],
  ['a field without a name', `GET /1 HTTP/1.1\r\n${H}: x\r\n\r\n`, 400],
  ['a space in a field name', `GET /1 HTTP/1.1\r\n${H}X Y: z\r\n\r\n`, 400],
  ['no Host', `GET /1 HTTP/1.1\r\n\r\n`, 400],
  ['two Hosts', `GET /1 HTTP/1.1\r\n${H}Host: b\r\n\r\n`, 400],
  ['a Host with a space', `GET /1 HTTP/1.1\r\nHost: a b\r\n\r\n`, 400],
  ['an absolute target', `GET http://b/1 HTTP/1.1\r\n${H}\r\n`, 'any'],
  ['two spaces', `GET  /1 HTTP/1.1\r\n${H}\r\n`, 400],
  ['a tab for a space', `GET\t/1\tHTTP/1.1\r\n${H}\r\n`, 400],
  ['a space at the end of the line', `GET /1 HTTP/1.1 \r\n${H}\r\n`, 400],
  ['a space in the target', `GET /1 2 HTTP/1.1\r\n${H}\r\n`, 400],
  ['a control character in the target', `GET /1\x01 HTTP/1.1\r\n${H}\r\n`, 400],
  ['a fragment in the target', `GET /1#x HTTP/1.1\r\n${H}\r\n`, 'any'],
  ['a lower-case method', `get /1 HTTP/1.1\r\n${H}\r\n`, 'any'],
  ['a method with a brace', `G{T /1 HTTP/1.1\r\n${H}\r\n`, 400],
  ['HTTP/1.2', `GET /1 HTTP/1.2\r\n${H}\r\n`, 'any'],
  ['HTTP/2.0', `GET /1 HTTP/2.0\r\n${H}\r\n`, 'refused'],
  ['HTTP/1.01', `GET /1 HTTP/1.01\r\n${H}\r\n`, 'refused'],
  ['http/1.1 in small letters', `GET /1 http/1.1\r\n${H}\r\n`, 'refused'],
  ['HTTP/0.9', `GET /1\r\n`, 'refused'],
  ['empty lines first', `\r\n\r\nGET /1 HTTP/1.1\r\n${H}\r\n`, 'any'],
  ['Connection: close', `GET /1 HTTP/1.1\r\n${H}Connection: close\r\n\r\n`, 200],
  ['HTTP/1.0', `GET /1 HTTP/1.0\r\n${H}\r\n`, 200],
  ['a body on GET', `GET /1 HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, 200],
  ['a request in a body', `POST /1 HTTP/1.1\r\n${H}Content-Length: 31\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n`, 200],
];
const second = `GET /2 HTTP/1.1\r\n${H}Connection: close\r\n\r\n`;

// The answers in order: [status, target it is for ('' where the answer does not say)].
function answers(bytes) {
  const all = bytes.toString('latin1');
  const out = [];
  for (const m of all.matchAll(/HTTP\/1\.[01] (\d{3})[^]*?\r\n\r\n([^]*?)(?=HTTP\/1\.[01] \d{3} |$)/g)) {
    if (m[1] !== '100') out.push([Number(m[1]), /\/(?:1|2|evil)[^"\s]*/.exec(m[1] === '200' ? m[2] : '')?.[0] ?? '']);
  }
  return out;
}

async function ask(port, bytes) {
  const line = new Line(port);
  line.say(bytes + second);
  const heard = await line.hear(() => false, 400);
  line.close();
  return answers(heard);
}

const path = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((p) => {
  try { execFileSync(p, ['-v'], { stdio: 'ignore' }); return true; } catch { return false; }
});
if (!path) skip('no nginx here');
const folder = mkdtempSync(join(tmpdir(), 'v100-nginx-'));
const nginxPort = 20000 + (process.pid % 20000);
writeFileSync(join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
events { worker_connections 64; }
http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
  server { listen 127.0.0.1:${nginxPort}; location / { return 200 "$request_method $request_uri"; } } }`);
const nginx = spawn(path, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
const node = createServer((request, response) => {
  request.resume().on('end', () => response.end(`${request.method} ${request.url}`));
}).listen(0, '127.0.0.1');
const ours = await startProgram(process.argv[3]);
for (let i = 0; i < 100; i++) {
  if ((await ask(nginxPort, '').catch(() => [])).length > 0) break;
  await sleep(50);
}

let agreed = 0, stricter = 0;
for (const [name, bytes, expected] of cases) {
  const [mine, ...others] = await Promise.all([ask(ours.port, bytes), ask(nginxPort, bytes), ask(node.address().port, bytes)]);
  const accepted = mine[0]?.[0] === 200;
  const asExpected = expected === 'any' || (expected === 'refused' ? mine[0]?.[0] >= 400 : mine[0]?.[0] === expected);
  const read = (list) => list.filter(([status]) => status === 200).map(([, target]) => target).join(' ');
  const differs = accepted && others.some((list) => list[0]?.[0] === 200 && read(list) !== read(mine));
  const after = !accepted && mine.length > 1; // what follows a refused request is never read
  if (!asExpected || differs || after) check(false, `${name}: ours ${JSON.stringify(mine)}, nginx ${JSON.stringify(others[0])}, node ${JSON.stringify(others[1])}`);
  if (accepted) agreed++;
  else if (others.some((list) => list[0]?.[0] === 200)) stricter++;
}
check(agreed > 8, `${cases.length} byte strings: ${agreed} accepted and read as nginx and node read them; ${cases.length - agreed} refused, ${stricter} of them more strictly than one of the two`);
ours.stop();
nginx.kill();
node.close();
await sleep(100);
rmSync(folder, { recursive: true, force: true });
finish();

// Broken if this fails: the WebSocket server departs from RFC 6455. Raw frames in the categories that conformance
// suites use (framing, pings, reserved bits, opcodes, fragments, UTF-8, closing, sizes, handshake), then clients that
// others wrote: npm's ws and node's own.
import { createHash, randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { check, finish } from './server.mjs';
import { Line, startProgram } from './raw.mjs';

const server = await startProgram(process.argv[3]);
const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;
const key = randomBytes(16).toString('base64');

/** A client's frame. Options say what is wrong with it. */
function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length = undefined } = {}) {
  const body = Buffer.from(payload);
  const size = body.length;
  const form = length ?? (size < 126 ? 7 : size < 65536 ? 16 : 64);
  const head = Buffer.alloc(form === 7 ? 2 : form === 16 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (form === 7 ? size : form === 16 ? 126 : 127);
  if (form === 16) head.writeUInt16BE(size, 2);
  if (form === 64) head.writeBigUInt64BE(BigInt(size), 2);
  if (!masked) return Buffer.concat([head, body]);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, body.map((byte, i) => byte ^ mask[i & 3])]);
}

/** The server's frames; `broken` where they are none. */
function frames(bytes) {
  const out = [];
  for (let at = 0; at + 2 <= bytes.length; ) {
    let size = bytes[at + 1] & 127, head = 2;
    if (bytes[at + 1] & 128) return [{ broken: 'masked' }];
    if (size === 126) [size, head] = [bytes.readUInt16BE(at + 2), 4];
    else if (size === 127) [size, head] = [Number(bytes.readBigUInt64BE(at + 2)), 10];
    if (at + head + size > bytes.length) break;
    const payload = bytes.subarray(at + head, at + head + size);
    out.push({ fin: bytes[at] >> 7, rsv: (bytes[at] >> 4) & 7, opcode: bytes[at] & 15, payload });
    at += head + size;
  }
  return out;
}

const upgrade = (more = '') => `GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n${more}\r\n`;

async function open(more) {
  const line = new Line(server.port);
  line.say(upgrade(more));
  const answer = (await line.hear((b) => b.includes('\r\n\r\n'), 2000)).toString('latin1');
  line.heard = line.heard.subarray(line.heard.indexOf('\r\n\r\n') + 4);
  return { line, answer };
}

const brief = (f) => (f.opcode === CLOSE ? `close ${f.payload.length >= 2 ? f.payload.readUInt16BE(0) : '-'}` : f.opcode === PONG ? `pong ${f.payload}` : f.opcode === TEXT ? `text ${f.payload.length > 40 ? f.payload.length : f.payload}` : f.opcode === BINARY ? `binary ${f.payload.length}` : `opcode ${f.opcode}`);

/** Sends the frames, one write or byte by byte, and compares what came back, the end included. */
async function say(name, sent, wanted, { trickle = false } = {}) {
  const { line } = await open();
  const bytes = Buffer.concat(sent);
  if (trickle) for (const byte of bytes) {
    line.say(Buffer.from([byte]));
    await new Promise(setImmediate);
  } else line.say(bytes);
  const ends = wanted.at(-1).startsWith('close');
  await line.hear((b) => !ends && frames(b).length >= wanted.length, ends ? 1500 : 1000);
  const got = frames(line.heard).map(brief);
  const same = got.join('|') === wanted.join('|') && (!ends || line.ended) && frames(line.heard).every((f) => f.rsv === 0 && f.fin === 1);
  counted++;
  if (!same) check(false, `${name}: ${got.join(', ')}${line.ended ? '' : ' (open)'}, where ${wanted.join(', ')} was due`);
  line.close();
}
let counted = 0;
const closeFrame = (code, reason = '') => frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]));
const bye = closeFrame(1000);

// 1 Framing: each length form, at its borders, text and binary.
for (const size of [0, 1, 125, 126, 127, 128, 65535, 65536, 100000]) {
  await say(`binary of ${size}`, [frame(BINARY, Buffer.alloc(size, 0xfe)), bye], [`binary ${size}`, 'close 1000']);
  await say(`text of ${size}`, [frame(TEXT, 'x'.repeat(size)), bye], [`text ${size > 40 ? size : 'x'.repeat(size)}`, 'close 1000']);
}
await say('text byte by byte', [frame(TEXT, 'hello'), bye], ['text hello', 'close 1000'], { trickle: true });
await say('a length in 16 bits that fits 7', [frame(TEXT, 'hello', { length: 16 })], ['close 1002']);
await say('a length in 64 bits that fits 16', [frame(TEXT, 'hello', { length: 64 })], ['close 1002']);
await say('a frame without a mask', [frame(TEXT, 'hello', { masked: false })], ['close 1002']);

// 2 Pings.
for (const size of [0, 1, 125]) await say(`a ping of ${size}`, [frame(PING, 'p'.repeat(size)), bye], [`pong ${'p'.repeat(size)}`, 'close 1000']);
await say('a ping of 126', [frame(PING, 'p'.repeat(126))], ['close 1002']);
await say('a pong nobody asked for', [frame(PONG, 'x'), frame(PING, 'y'), bye], ['pong y', 'close 1000']);
await say('ten pings', [...Array(10).keys()].map((i) => frame(PING, `${i}`)).concat(bye), [...Array(10).keys()].map((i) => `pong ${i}`).concat('close 1000'));

// 3 Reserved bits, 4 reserved opcodes.
for (let rsv = 1; rsv < 8; rsv++) {
  await say(`reserved bits ${rsv}`, [frame(TEXT, 'hello', { rsv })], ['close 1002']);
  await say(`reserved bits ${rsv} on a ping`, [frame(PING, 'hello', { rsv })], ['close 1002']);
}
for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
  await say(`opcode ${opcode}`, [frame(opcode, 'hello')], ['close 1002']);
  await say(`opcode ${opcode} after a text`, [frame(TEXT, 'one'), frame(opcode)], ['text one', 'close 1002']);
}

// 5 Fragments.
await say('a ping in two fragments', [frame(PING, 'a', { fin: false }), frame(0, 'b')], ['close 1002']);
await say('a pong in two fragments', [frame(PONG, 'a', { fin: false }), frame(0, 'b')], ['close 1002']);
await say('a text in two fragments', [frame(TEXT, 'one ', { fin: false }), frame(0, 'two'), bye], ['text one two', 'close 1000']);
await say('a text in two fragments, byte by byte', [frame(TEXT, 'one ', { fin: false }), frame(0, 'two'), bye], ['text one two', 'close 1000'], { trickle: true });
await say('a ping between fragments', [frame(TEXT, 'one ', { fin: false }), frame(PING, 'p'), frame(0, 'two'), bye], ['pong p', 'text one two', 'close 1000']);
await say('a continuation of nothing', [frame(0, 'x')], ['close 1002']);
await say('an unfinished continuation of nothing', [frame(0, 'x', { fin: false })], ['close 1002']);
await say('a continuation after a whole text', [frame(TEXT, 'x'), frame(0, 'y')], ['text x', 'close 1002']);
await say('a text within fragments', [frame(TEXT, 'one', { fin: false }), frame(TEXT, 'two')], ['close 1002']);
await say('a binary within fragments', [frame(TEXT, 'one', { fin: false }), frame(BINARY, 'two')], ['close 1002']);
await say('empty fragments', [frame(TEXT, '', { fin: false }), frame(0, '', { fin: false }), frame(0, ''), bye], ['text ', 'close 1000']);
await say('an empty fragment around text', [frame(TEXT, '', { fin: false }), frame(0, 'mid', { fin: false }), frame(0, ''), bye], ['text mid', 'close 1000']);
await say('a thousand fragments', [frame(BINARY, 'x', { fin: false }), ...Array(999).fill(0).map((_, i) => frame(0, 'x', { fin: i === 998 })), bye], ['binary 1000', 'close 1000']);

// 6 UTF-8: whole, in fragments that cut characters, and each way to be wrong.
const good = 'κόσμε 😀 \u{10ffff}\u{fffd}\u{d7ff}\u{e000}\u{ffff}';
await say('many scripts', [frame(TEXT, good), bye], [`text ${good}`, 'close 1000']);
const cut = [...Buffer.from(good)].map((byte, i, all) => frame(i === 0 ? TEXT : 0, Buffer.from([byte]), { fin: i === all.length - 1 }));
await say('many scripts, a byte a fragment', [...cut, bye], [`text ${good}`, 'close 1000']);
for (const [name, hex] of [['a continuation alone', '80'], ['an overlong slash', 'c0af'], ['an overlong zero', 'c080'], ['an overlong of 3', 'e080af'], ['an overlong of 4', 'f08080af'],
  ['a low surrogate', 'edb080'], ['a high surrogate', 'eda080'], ['above 10ffff', 'f4908080'], ['five bytes', 'f888808080'], ['six bytes', 'fc8480808080'], ['fe', 'fe'], ['ff', 'ff'],
  ['a cut character at the end', 'cebae1bd'], ['a character that breaks off', 'ce41'], ['a Greek word with a surrogate', 'cebae1bdb9cf83cebceda080656469746564']]) {
  await say(`not UTF-8: ${name}`, [frame(TEXT, Buffer.from(hex, 'hex'))], ['close 1007']);
  await say(`not UTF-8, in fragments: ${name}`, [frame(TEXT, 'ok', { fin: false }), frame(0, Buffer.from(hex, 'hex'))], ['close 1007']);
}
await say('bad UTF-8 is told before the message ends', [frame(TEXT, Buffer.from('f4908080', 'hex'), { fin: false })], ['close 1007']);

// 7 Closing.
await say('a close without a code', [frame(CLOSE)], ['close 1000']);
for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999]) await say(`close ${code}`, [closeFrame(code, 'why')], [`close ${code}`]);
for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]) await say(`close ${code}, which nobody may send`, [closeFrame(code)], ['close 1002']);
await say('a close of one byte', [frame(CLOSE, 'x')], ['close 1002']);
await say('a close with a reason of 123', [closeFrame(1000, 'r'.repeat(123))], ['close 1000']);
await say('a close of 126', [closeFrame(1000, 'r'.repeat(124))], ['close 1002']);
await say('a close whose reason is not UTF-8', [frame(CLOSE, Buffer.from('03e8cebae1bdb9cf83cebceda080', 'hex'))], ['close 1007']);
await say('a ping after the close', [bye, frame(PING, 'late')], ['close 1000']);
await say('a text after the close', [bye, frame(TEXT, 'late')], ['close 1000']);
await say('a close within fragments', [frame(TEXT, 'one', { fin: false }), bye], ['close 1000']);

// 9 Sizes: more than a message may have, in one frame and in many.
const huge = frame(BINARY, '', { length: 64 });
huge.writeBigUInt64BE(2n ** 40n, 2);
await say('a frame of a tebibyte', [huge], ['close 1009']);
huge.writeBigUInt64BE(2n ** 63n, 2);
await say('a length with its top bit', [huge], ['close 1002']);
await say('fragments without end', [frame(BINARY, Buffer.alloc(60000), { fin: false }), ...Array(40).fill(frame(0, Buffer.alloc(60000), { fin: false }))], ['close 1009']);

// The handshake.
const { line, answer } = await open();
line.close();
const accept = createHash('sha1').update(key + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
check(/^HTTP\/1\.1 101 /.test(answer) && answer.includes(`Sec-WebSocket-Accept: ${accept}`), 'the handshake is answered with the right key');
for (const [name, from, to, wanted] of [
  ['no key', /Sec-WebSocket-Key.*\r\n/, '', /^HTTP\/1\.1 400/], ['a short key', key, 'abc', /^HTTP\/1\.1 400/],
  ['version 8', 'Version: 13', 'Version: 8', /^HTTP\/1\.1 426[^]*Sec-WebSocket-Version: 13/i], ['no Connection: Upgrade', 'Connection: Upgrade\r\n', '', /^HTTP\/1\.1 4/],
  ['POST', 'GET', 'POST', /^HTTP\/1\.1 4/], ['HTTP/1.0', 'HTTP/1.1', 'HTTP/1.0', /^HTTP\/1\.1 4/], ['a foreign origin', 'Host: a\r\n', 'Host: a\r\nOrigin: https://evil.example\r\n', /^HTTP\/1\.1 403/],
  ['another path', '/echo', '/other', /^HTTP\/1\.1 404/]]) {
  const bad = new Line(server.port);
  bad.say(upgrade().replace(from, to));
  const heard = (await bad.hear((b) => b.includes('\r\n\r\n'), 2000)).toString('latin1');
  counted++;
  if (!wanted.test(heard)) check(false, `handshake with ${name}: ${heard.split('\r\n')[0]}`);
  bad.close();
}
const offered = await open('Sec-WebSocket-Protocol: nonsense\r\nSec-WebSocket-Extensions: x-unknown\r\n');
check(!/Sec-WebSocket-(Protocol|Extensions)/i.test(offered.answer), 'what is not known is not agreed to');
offered.line.close();
check(counted > 150, `${counted} cases by the book`);

// Clients that others wrote.
async function echo(name, socket) {
  socket.binaryType = 'arraybuffer';
  await new Promise((ok, no) => Object.assign(socket, { onopen: ok, onerror: no }));
  const messages = ['', good, 'y'.repeat(70000), randomBytes(66000)];
  let same = true;
  for (const message of messages) {
    const heard = new Promise((ok) => (socket.onmessage = (event) => ok(event.data)));
    socket.send(message);
    const back = await heard;
    same &&= typeof message === 'string' ? back === message : Buffer.from(back).equals(message);
  }
  const ended = new Promise((ok) => (socket.onclose = (event) => ok(event)));
  socket.close(4001, 'enough');
  const { code, wasClean } = await ended;
  check(same && code === 4001 && wasClean, `${name}: messages come back, and its goodbye is answered`);
}
const { WebSocket: Ws } = createRequire(new URL('../../web/package.json', import.meta.url))('ws');
await echo("npm's ws", new Ws(`ws://127.0.0.1:${server.port}/echo`));
await echo("node's own", new WebSocket(`ws://127.0.0.1:${server.port}/echo`));
server.stop();
finish();

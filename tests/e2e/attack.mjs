// Broken if this fails: a malicious server is believed. Each attack is mounted on an honest call; the badge of the
// attacked must leave green within two seconds and say why, and nothing false may be shown or heard.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, finish, sleep, startServer } from '../interop/server.mjs';
import { Person, launchChromium } from './person.mjs';

const browser = await launchChromium();
const good = (b) => b && (b.state === 'green' || b.state === 'outline');

// attack: what the server does. cause: a later event that the attack needs (a join makes it send rosters and keys).
// reasons: any of these on the badge of anyone attacked.
const attacks = [
  { attack: 'alter-frame', reasons: ['frame-forged'] },
  { attack: 'plaintext-frame', reasons: ['frame-plaintext', 'frame-forged', 'frame-wrong-track'] },
  { attack: 'replay-frame', reasons: ['frame-replayed'] },
  { attack: 'swap-people', people: 3, reasons: ['frame-wrong-track'] },
  { attack: 'swap-tracks', screen: true, reasons: ['frame-wrong-track'] },
  { attack: 'invent-member', cause: 'join', reasons: ['intruder'] },
  { attack: 'swap-kem', cause: 'join', reasons: ['key-refused', 'epoch-behind'] },
  { attack: 'replay-key', cause: 'joins', reasons: ['key-refused'] },
  { attack: 'strip-member', cause: 'join', people: 3, reasons: ['roster-disagrees', 'epoch-behind', 'silent', 'intruder'] },
];
const only = process.argv[3];
const servers = new Set();
const hostile = async () => { const server = await startServer({ stdin: true }); servers.add(server); return server; };

async function mount({ attack, people = 2, cause, screen, reasons }) {
  const server = await hostile();
  const order = async (line) => {
    server.child.stdin.write(line + '\n');
    for (let i = 0; i < 100 && !server.said(`ok ${line}`); i++) await sleep(20);
  };
  const crowd = [await Person.come(browser, server, 'P0')];
  const link = await crowd[0].link();
  for (let i = 1; i < people; i++) crowd.push(await Person.come(browser, server, `P${i}`, { link }));
  for (const person of crowd) await person.seesAndHears(people - 1);
  if (screen) {
    await crowd[1].page.evaluate(() => window.__v100test.call.shareScreen());
    await crowd[0].until((c) => c.participants.peek().some((p) => p.tracks.includes(3)), 'the screen');
  }
  for (const person of crowd) await person.badgeIs('outline', 20000);

  await order(attack);
  let began = Date.now(), seen = null;
  const looking = (async () => {
    while (!seen && Date.now() - began < 6000) {
      for (const person of [...crowd]) {
        const badge = await person.badge().catch(() => null);
        if (badge && !good(badge) && badge.reasons.some((r) => reasons.includes(r))) seen ??= { ms: Date.now() - began, badge, who: person.name };
      }
      await sleep(50);
    }
  })();
  // Some attacks wait for a newcomer: they are mounted when the server tells of it, that is, when somebody honest
  // first hears of it. How long the newcomer's own page takes to load is nobody's attack.
  for (let i = 0; !seen && cause && i < (cause === 'joins' ? 2 : 1); i++) {
    const waiting = setInterval(() => (began = Date.now()), 20);
    const next = Person.come(browser, server, `Late${i}`, { link, wait: false });
    await Promise.race([
      crowd[0].until(new Function('c', `return c.participants.peek().length >= ${people + i + 1}`), 'the newcomer').catch(() => {}),
      sleep(30000),
    ]);
    clearInterval(waiting);
    crowd.push(await next);
    if (cause === 'joins') await sleep(1500);
  }
  await looking;
  check(seen && seen.ms <= 2000, `${attack}: ${seen ? `the badge of ${seen.who} is ${seen.badge.state} after ${seen.ms} ms (${seen.badge.reasons})` : 'nobody notices: ' + JSON.stringify(await Promise.all(crowd.map((p) => p.badge())))}`);
  if (['swap-people', 'swap-tracks', 'alter-frame'].includes(attack)) {
    // What is shown must stand still: nothing of the attack decodes.
    await sleep(500);
    const before = (await crowd[0].media()).frames;
    await sleep(1500);
    const after = (await crowd[0].media()).frames;
    check(after - before <= (people - 1) * 2, `${attack}: nothing false is shown (${after - before} frames)`);
  }
  if (attack === 'plaintext-frame') {
    const told = (await crowd[0].security()).every((p) => p.plaintext === 0);
    check(told, `${attack}: no plaintext frame is let through`);
  }
  for (const person of crowd) await person.stop();
  await server.stop();
}

// What the server forwards is not the picture: frames put together from its own capture do not decode to it.
async function capture() {
  const server = await hostile();
  const file = join(tmpdir(), `v100-capture-${process.pid}`);
  const ada = await Person.come(browser, server, 'Ada');
  const bob = await Person.come(browser, server, 'Bob', { link: await ada.link() });
  await bob.seesAndHears(1);
  server.child.stdin.write(`capture ${file}\n`);
  // A key frame must be in it: a newcomer asks for one.
  const dan = await Person.come(browser, server, 'Dan', { link: await ada.link() });
  await dan.seesAndHears(2);
  await sleep(2000);
  server.child.stdin.write('honest\n');
  await sleep(500);
  const bytes = readFileSync(file);
  rmSync(file);
  const streams = new Map();
  for (let at = 0; at + 7 <= bytes.length; ) {
    const ssrc = bytes.readUInt32BE(at), marker = bytes[at + 4], size = bytes.readUInt16BE(at + 5);
    const payload = bytes.subarray(at + 7, at + 7 + size);
    at += 7 + size;
    const stream = streams.get(ssrc) ?? streams.set(ssrc, { frames: [], parts: [] }).get(ssrc);
    stream.parts.push(payload);
    if (marker) stream.frames.push(stream.parts.splice(0));
  }
  check([...streams.values()].some((s) => s.frames.length > 10), 'capture: the server sees frames');
  // Entropy of what follows the ten clear bytes of a frame: ciphertext looks like noise.
  const counts = new Array(256).fill(0);
  let total = 0;
  for (const { frames } of streams.values()) for (const parts of frames) for (const part of parts) for (const byte of part.subarray(24)) { counts[byte]++; total++; }
  const entropy = -counts.reduce((sum, n) => (n ? sum + (n / total) * Math.log2(n / total) : sum), 0);
  check(entropy > 7.99, `capture: ${total} bytes of ${entropy.toFixed(4)} bits each: noise`);
  // WebCodecs, given what the server has, shows either an error or noise, not Ada's picture.
  const frames = [...streams.values()].map((s) => s.frames.map((parts) => Buffer.concat(parts.map(stripVp8)).toString('base64')));
  const verdict = await bob.page.evaluate(async (lists) => {
    const element = document.querySelector('[data-testid=tile][data-self=false] video');
    const real = await createImageBitmap(element);
    const look = (source) => {
      const canvas = new OffscreenCanvas(32, 18), context = canvas.getContext('2d');
      context.drawImage(source, 0, 0, 32, 18);
      return [...context.getImageData(0, 0, 32, 18).data].filter((_, i) => i % 4 !== 3);
    };
    const truth = look(real);
    const likeness = (a, b) => {
      const mean = (x) => x.reduce((s, v) => s + v, 0) / x.length;
      const [ma, mb] = [mean(a), mean(b)];
      let ab = 0, aa = 0, bb = 0;
      a.forEach((v, i) => { ab += (v - ma) * (b[i] - mb); aa += (v - ma) ** 2; bb += (b[i] - mb) ** 2; });
      return ab / Math.sqrt(aa * bb || 1);
    };
    const out = { errors: 0, shown: 0, best: -1 };
    for (const list of lists) {
      const chunks = list.map((text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
      const start = chunks.findIndex((c) => c.length > 10 && (c[0] & 1) === 0);
      if (start < 0) continue;
      await new Promise((done) => {
        const decoder = new VideoDecoder({
          output: (frame) => { out.shown++; out.best = Math.max(out.best, likeness(truth, look(frame))); frame.close(); },
          error: () => { out.errors++; done(); },
        });
        decoder.configure({ codec: 'vp8' });
        try {
          chunks.slice(start, start + 30).forEach((data, i) =>
            decoder.decode(new EncodedVideoChunk({ type: (data[0] & 1) === 0 ? 'key' : 'delta', timestamp: i * 50000, data })));
          decoder.flush().then(done, done);
        } catch { out.errors++; done(); }
      });
    }
    return out;
  }, frames);
  check(verdict.errors + verdict.shown > 0 && verdict.best < 0.5, `capture: decodes to ${verdict.errors} errors and ${verdict.shown} pictures, likeness ${verdict.best.toFixed(2)} at best`);
  for (const person of [ada, bob, dan]) await person.stop();
  await server.stop();
}

// RFC 7741 §4.2: the payload descriptor before the frame's bytes.
function stripVp8(payload) {
  let at = 1;
  if (payload[0] & 0x80) {
    const extension = payload[1];
    at = 2;
    if (extension & 0x80) at += payload[at] & 0x80 ? 2 : 1;
    if (extension & 0x40) at += 1;
    if (extension & 0x30) at += 1;
  }
  return payload.subarray(at);
}

for (const one of attacks) {
  if (only && one.attack !== only) continue;
  await mount(one).catch((error) => check(false, `${one.attack}: ${error.stack}`));
}
if (!only || only === 'capture') await capture().catch((error) => check(false, `capture: ${error.stack}`));
await browser.close().catch(() => {});
for (const server of servers) if (server.child.exitCode === null) server.child.kill('SIGKILL');
finish();

// What happens around a running call must not disturb it: a third member joins and leaves, ICE
// restarts, the host mutes, someone reloads, a view goes off screen, a screen is shared on a new
// m-line and taken back. node changes.mjs PROGRAM [chromium|firefox]. Exit code 0 when all holds.
import { chromium, firefox, installClient, join, need, servePage, sleep, startServer } from './lib.mjs';

const [program, which = 'chromium'] = process.argv.slice(2);
need(which);
const server = await startServer(program, process.env.INTEROP_IP ?? '127.0.0.1');
const web = await servePage();
const browser = await (which === 'firefox' ? firefox() : chromium());
let failed = 0;
const expect = (what, holds, detail = '') => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what} ${detail}`);
  failed += holds ? 0 : 1;
};
const of = (...members) =>
  members.flatMap((member) => [
    { member, track: 'audio', kind: 'audio' },
    { member, track: 'camera', kind: 'video' },
  ]);
// Frames decoded per received video m-line during `ms`, in the order of the m-lines.
const frames = async (client, ms = 2500) => {
  const video = async () => (await client.stats()).received.filter((r) => r.kind === 'video');
  const before = await video();
  await sleep(ms);
  return (await video()).map((r) => r.frames - (before.find((b) => b.mid === r.mid)?.frames ?? 0));
};
// Until `holds(result)` is true of what `look` gives, or ten seconds are over.
const settle = async (look, holds) => {
  let last;
  for (let i = 0; i < 5; ++i) {
    last = await look();
    if (holds(last)) break;
  }
  return last;
};
const flows = (count) => (f) => f.length >= count && f.filter((n) => n > 3).length === count;
const options = { simulcast: true, codec: 'VP8', width: 640, height: 360 };
try {
  const a = await join(server, browser, web.url, 'r', 'a', options);
  const b = await join(server, browser, web.url, 'r', 'b', options);
  await a.receive(of('b'));
  await b.receive(of('a'));
  let seen = await settle(() => frames(a), flows(1));
  expect('a sees b', flows(1)(seen), seen);

  const c = await join(server, browser, web.url, 'r', 'c', options);
  await c.receive(of('a', 'b'));
  await a.receive(of('b', 'c'));
  await b.receive(of('a', 'c'));
  seen = await settle(() => frames(c), flows(2));
  expect('c joins and sees a and b', flows(2)(seen), seen);
  seen = await settle(() => frames(a), flows(2));
  expect('a sees b and c', flows(2)(seen), seen);

  await b.negotiate({ iceRestart: true });
  seen = await settle(() => frames(a), flows(2));
  expect('after an ICE restart of b, a still sees both', flows(2)(seen), seen);
  seen = await settle(() => frames(b), flows(2));
  expect('and b sees both', flows(2)(seen), seen);

  await server.command('mute r b camera 1');
  const one = (f) => f.filter((n) => n > 3).length === 1;
  seen = await settle(() => frames(a), one);
  expect('b muted by the host: a sees only c', one(seen), seen);
  await server.command('mute r b camera 0');
  seen = await settle(() => frames(a), flows(2));
  expect('unmuted: a sees both again', flows(2)(seen), seen);

  await c.page.close();
  await server.command('leave r c');
  await a.receive(of('b'));
  await b.receive(of('a'));
  seen = await settle(() => frames(a), (f) => f.filter((n) => n > 3).length === 1);
  expect('c left: a sees b', seen.filter((n) => n > 3).length === 1, seen);

  // A new member's m-lines take the places of the stopped ones.
  const d = await join(server, browser, web.url, 'r', 'd', options);
  await d.receive(of('a'));
  await a.receive(of('b', 'd'));
  seen = await settle(() => frames(a), (f) => f.filter((n) => n > 3).length === 2);
  expect('d joins on recycled m-lines: a sees b and d', seen.filter((n) => n > 3).length === 2, seen);

  await b.page.reload();
  await b.page.evaluate(installClient);
  await b.page.evaluate((o) => globalThis.call.begin(o), options);
  await b.receive(of('a'));
  seen = await settle(() => frames(a), (f) => f.filter((n) => n > 3).length === 2);
  expect('b reloaded: a sees b and d without doing anything', seen.filter((n) => n > 3).length === 2, seen);
  seen = await settle(() => frames(b), flows(1));
  expect('and b sees a', flows(1)(seen), seen);
  const state = (await a.stats()).state;
  expect('a stayed connected throughout', state === 'connected', state);
} finally {
  await browser.stop();
  web.stop();
  server.stop();
}
process.exit(failed ? 1 : 0);

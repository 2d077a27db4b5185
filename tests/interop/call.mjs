// Two browsers in one call through sfu_server: node call.mjs PROGRAM [chromium|firefox]
// [chromium|firefox] [simulcast|single] [VP8|VP9]. Exit code 0 when both see and hear each other.
import { chromium, firefox, join, need, servePage, sleep, startServer } from './lib.mjs';

const [program, first = 'chromium', second = 'chromium', mode = 'simulcast', codec = 'VP8'] = process.argv.slice(2);
need(first, second);
const ip = process.env.INTEROP_IP ?? '127.0.0.1';
const seconds = Number(process.env.INTEROP_SECONDS ?? 12);
const server = await startServer(program, ip);
const web = await servePage();
const browsers = {};
const browser = async (name) => (browsers[name] ??= await (name === 'firefox' ? firefox() : chromium()));
let failed = 0;
const expect = (what, holds, detail) => {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what} ${detail ?? ''}`);
  failed += holds ? 0 : 1;
};
try {
  const options = { simulcast: mode === 'simulcast', codec, width: Number(process.env.INTEROP_WIDTH ?? 1280), height: Number(process.env.INTEROP_WIDTH ?? 1280) * 9 / 16 };
  const a = await join(server, await browser(first), web.url, 'r', 'a', options);
  const b = await join(server, await browser(second), web.url, 'r', 'b', options);
  const of = (member) => [
    { member, track: 'audio', kind: 'audio' },
    { member, track: 'camera', kind: 'video' },
  ];
  await a.receive(of('b'));
  await b.receive(of('a'));
  await sleep(seconds * 500);
  const half = [await a.stats(), await b.stats()];
  await sleep(seconds * 500);
  const full = [await a.stats(), await b.stats()];
  for (const [i, name] of [[0, `a (${first})`], [1, `b (${second})`]]) {
    const video = (s) => s.received.find((r) => r.kind === 'video') ?? {};
    const audio = (s) => s.received.find((r) => r.kind === 'audio') ?? {};
    const frames = video(full[i]).frames - video(half[i]).frames;
    const kbps = ((video(full[i]).bytes - video(half[i]).bytes) * 8) / (seconds * 500);
    expect(`${name} connected`, full[i].state === 'connected', JSON.stringify(full[i].dtls));
    expect(`${name} decodes video`, frames > seconds * 2, `${frames} frames, width ${video(full[i]).width}`);
    expect(`${name} receives over 300 kbit/s`, kbps > 300, `${kbps.toFixed(0)} kbit/s`);
    expect(`${name} hears`, audio(full[i]).energy > audio(half[i]).energy, `energy ${audio(full[i]).energy}`);
    const layers = full[i].sent.filter((s) => s.kind === 'video' && s.frames > 10).length;
    expect(`${name} sends its layers`, layers === (mode === 'simulcast' ? 3 : 1), `${layers}, available ${full[i].available}`);
    if (process.env.INTEROP_VERBOSE) console.log(JSON.stringify(full[i], null, 1));
  }
  console.log(server.events.join('\n'));
  console.log(JSON.stringify(await server.counters(), null, 1));
} finally {
  for (const b of Object.values(browsers)) await b.stop();
  web.stop();
  server.stop();
}
process.exit(failed ? 1 : 0);

// The page of the loop test: two crypto workers, a relay in memory for a server, and two connections
// that send media from one to the other.
import type { Badge, Codec, CryptoApi, DropReason } from '../api.ts';
import { fromHex, toBase64url, toHex, type Bytes } from '../bytes.ts';
import { openCrypto } from '../client.ts';
import { Core } from '../core.ts';
import { deriveFrameKey, importBase, openFrame, sealFrame } from '../webcrypto.ts';

interface Peer {
  name: string;
  crypto: CryptoApi;
  worker: Worker;
  leafId: string;
  leaf: string;
  badge: Badge | null;
  refused: string[];
}
const pause = (ms: number) => new Promise<void>((r) => setTimeout(r, ms));

async function until(what: string, holds: () => boolean | Promise<boolean>, ms = 15_000): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not in time: ${what}`);
    await pause(50);
  }
}

/** Opens two workers, keeps handles on them, and relays between them as signaling.md says. */
async function twoPeers(): Promise<Peer[]> {
  const RealWorker = window.Worker;
  const workers: Worker[] = [];
  window.Worker = class extends RealWorker {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(url, options);
      workers.push(this);
    }
  };
  const peers: Peer[] = [];
  let fragment = '';
  for (const name of ['Ann', 'Bob']) {
    const crypto = await openCrypto('/worker.js', '/v100.wasm');
    fragment ||= (await crypto.newRoom({ lobby: false })).fragment;
    const worker = workers[workers.length - 1]!;
    const peer: Peer = { name, crypto, worker, leafId: '', leaf: '', badge: null, refused: [] };
    crypto.on('badge', (badge) => (peer.badge = badge));
    crypto.on('refused', ({ what }) => peer.refused.push(what));
    crypto.on('frame', (frame) => relay(peers, peer, frame));
    peer.leafId = (await crypto.begin({ room: 'abcd-efgh-jkmn', fragment, name })).leafId;
    peers.push(peer);
  }
  for (const peer of peers) {
    const nonce = toBase64url(crypto.getRandomValues(new Uint8Array(32)));
    peer.crypto.server(JSON.stringify({ t: 'challenge', nonce, pq: true }));
    peer.crypto.hello({ classical: false });
    await until('hello', () => peer.leaf !== '');
  }
  const members = peers.map((p) => ({ id: p.leafId, leaf: p.leaf, tracks: [1, 2], connected: true }));
  for (const peer of peers) {
    peer.crypto.server(JSON.stringify({ t: 'welcome', you: peer.leafId }));
    peer.crypto.server(JSON.stringify({ t: 'roster', members, lobby: [], statements: [] }));
  }
  return peers;
}

function relay(peers: Peer[], from: Peer, frame: Uint8Array): void {
  const payload = JSON.parse(new TextDecoder().decode(frame.subarray(1 + 8 + 3309)));
  const others = peers.filter((p) => p !== from);
  if (payload.t === 'hello') from.leaf = payload.leaf;
  for (const other of others) {
    const say = (m: object) => other.crypto.server(JSON.stringify(m));
    if (payload.t === 'data') say({ t: 'data', from: from.leafId, msg: payload.msg });
    if (payload.t === 'keys')
      for (const { to, msg } of payload.list)
        if (to === other.leafId) say({ t: 'key', from: from.leafId, msg });
  }
}

function codecTable(sdp: string): Record<number, Codec> {
  const table: Record<number, Codec> = {};
  for (const [, type, name] of sdp.matchAll(/a=rtpmap:(\d+) ([A-Za-z0-9]+)\//g)) {
    const codec = name!.toLowerCase();
    if (codec === 'opus' || codec === 'vp8' || codec === 'vp9') table[Number(type)] = codec;
  }
  return table;
}

async function connect(a: RTCPeerConnection, b: RTCPeerConnection, peers: Peer[]): Promise<void> {
  a.onicecandidate = (e) => void b.addIceCandidate(e.candidate ?? undefined);
  b.onicecandidate = (e) => void a.addIceCandidate(e.candidate ?? undefined);
  await a.setLocalDescription();
  peers.forEach((p) => p.crypto.codecs(codecTable(a.localDescription!.sdp)));
  await b.setRemoteDescription(a.localDescription!);
  await b.setLocalDescription();
  await a.setRemoteDescription(b.localDescription!);
}

async function decoded(pc: RTCPeerConnection): Promise<{ video: number; audio: number }> {
  const counts = { video: 0, audio: 0 };
  (await pc.getStats()).forEach((s: Record<string, unknown>) => {
    if (s.type !== 'inbound-rtp') return;
    if (s.kind === 'video') counts.video = Number(s.framesDecoded ?? 0);
    else counts.audio = Number(s.totalSamplesReceived ?? 0) - Number(s.concealedSamples ?? 0);
  });
  return counts;
}

const codeOf = (peer: Peer): string => peer.badge?.reasons.map((r) => r.code).join() ?? '';
const dropsOf = (peer: Peer, from: Peer): Record<DropReason, number> =>
  peer.badge!.participants.find((p) => p.leafId === from.leafId)!.dropped;

/** Media flows under `codec`; then each attack is made, dropped, counted and said. */
async function runLoop(codec: 'VP8' | 'VP9'): Promise<Record<string, unknown>> {
  const peers = await twoPeers();
  const [ann, bob] = peers as [Peer, Peer];
  const report: Record<string, unknown> = { codec, device: ann.crypto.device.storage };
  const out = new RTCPeerConnection();
  const back = new RTCPeerConnection();
  ann.crypto.attach(out);
  bob.crypto.attach(back);
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
  for (const media of stream.getTracks()) {
    const { sender, ...line } = out.addTransceiver(media, { direction: 'sendonly' });
    void line;
    ann.crypto.protect(sender, { track: media.kind === 'audio' ? 1 : 2 });
    if (media.kind === 'video') {
      const known = RTCRtpSender.getCapabilities('video')!.codecs;
      const wanted = known.filter((c) => c.mimeType === `video/${codec}`);
      out.getTransceivers().find((t) => t.sender === sender)!.setCodecPreferences(wanted);
    }
  }
  let camera: RTCRtpReceiver | null = null;
  back.ontrack = ({ receiver, track }) => {
    bob.crypto.unprotect(receiver, { leafId: ann.leafId, track: track.kind === 'audio' ? 1 : 2 });
    if (track.kind === 'video') camera = receiver;
    const element = document.createElement(track.kind) as HTMLMediaElement;
    element.muted = true;
    element.autoplay = true;
    element.srcObject = new MediaStream([track]);
    document.body.append(element);
  };
  await connect(out, back, peers);
  await until('frames', async () => (await decoded(back)).video > 20);
  await until('sound', async () => (await decoded(back)).audio > 20_000);
  const calm = (p: Peer) => p.badge?.state === 'outline' || p.badge?.state === 'green';
  await until('a calm badge', () => calm(ann) && calm(bob), 40_000);
  report.decoded = await decoded(back);
  report.quiet = [...ann.refused, ...bob.refused];

  const attacks = [
    ['alter', 'forged', 'frame-forged'],
    ['replay', 'replayed', 'frame-replayed'],
    ['plaintext', 'malformed', 'frame-plaintext'],
  ] as const;
  for (const [tamper, drop, reason] of attacks) {
    const before = { ...dropsOf(bob, ann) };
    const shown = await decoded(back);
    ann.worker.postMessage({ tamper });
    const since = performance.now();
    await until(reason, () => codeOf(bob).includes(reason), 5000);
    const ms = Math.round(performance.now() - since);
    await pause(600);
    const went = (await decoded(back)).video - shown.video;
    ann.worker.postMessage({ tamper: 'none' });
    report[tamper] = { ms, dropped: dropsOf(bob, ann)[drop] - before[drop], shown: went };
  }
  await until('frames again', async () => {
    const now = (await decoded(back)).video;
    await pause(300);
    return (await decoded(back)).video > now;
  });
  // The SFU says that this is Ann's screen; her frames say that it is her camera.
  bob.crypto.unprotect(camera!, { leafId: ann.leafId, track: 3 });
  await until('wrong track', () => codeOf(bob).includes('frame-wrong-track'), 5000);
  bob.crypto.unprotect(camera!, { leafId: ann.leafId, track: 2 });

  // A sender without its transform is named.
  out.getSenders()[1]!.transform = null;
  await until('unprotected', () => codeOf(ann).includes('sender-unprotected'), 5000);

  const died = new Promise<string>((r) => bob.crypto.on('dead', ({ why }) => r(why)));
  const since = performance.now();
  bob.worker.terminate();
  await until('a doubted worker', () => codeOf(bob).includes('worker-dead'), 5000);
  report.deadMs = Math.round(performance.now() - since); // the badge tells; the end comes later
  report.dead = await died;
  report.deadBadge = bob.badge!.reasons[0]!.code;
  await ann.crypto.leave();
  ann.crypto.close();
  out.close();
  back.close();
  stream.getTracks().forEach((t) => t.stop());
  return report;
}

/** Without media: two workers reach a readable group. For browsers whose loopback ICE fails. */
async function runGroup(): Promise<Record<string, unknown>> {
  const peers = await twoPeers();
  await until('outline', () => peers.every((p) => p.badge?.state === 'outline'), 30_000);
  const code = await peers[0]!.crypto.code(peers[1]!.leafId);
  await peers[0]!.crypto.confirm(peers[1]!.leafId);
  await until('green', () => peers[0]!.badge?.state === 'green');
  const device = peers[0]!.crypto.device.storage;
  for (const peer of peers) await peer.crypto.leave().then(() => peer.crypto.close());
  return { device, digits: code.digits.length, refused: peers.flatMap((p) => p.refused) };
}

interface Vectors {
  header: { kid: number; ctr: number; encoded: string }[];
  sframe: Record<string, string | number>[];
}

/** RFC 9605's vectors through the module and WebCrypto. `text` keeps 64-bit numbers exact. */
async function runVectors(text: string): Promise<{ headers: number; frames: number }> {
  const exact = text.replace(/"(kid|ctr)": (\d+)/g, '"$1": "$2"');
  const vectors = JSON.parse(exact) as Vectors;
  const core = await Core.load(fetch('/v100.wasm'));
  const hex = (value: unknown): Bytes => fromHex(value, String(value).length / 2)!;
  const same = (what: string, got: Uint8Array, wanted: unknown): void => {
    if (toHex(got) !== wanted) throw new Error(`${what}: ${toHex(got)} is not ${String(wanted)}`);
  };
  for (const one of vectors.header)
    same('header', core.header(BigInt(one.kid), BigInt(one.ctr)), one.encoded);
  let frames = 0;
  for (const one of vectors.sframe) {
    const suite = Number(one.cipher_suite);
    const kid = BigInt(one.kid!);
    const counter = BigInt(one.ctr!);
    const labels = core.labels(kid, suite);
    same('key label', labels.key, one.sframe_key_label);
    same('salt label', labels.salt, one.sframe_salt_label);
    if (suite !== 4 && suite !== 5) continue; // WebCrypto has the two AES-GCM suites
    const key = await deriveFrameKey(core, await importBase(hex(one.base_key)), kid, suite);
    same('salt', key.salt, one.sframe_salt);
    same('nonce', core.nonce(key.salt, counter), one.nonce);
    const header = core.header(kid, counter);
    const additional = hex(one.aad);
    const sealed = await sealFrame(core, key, counter, additional, hex(one.pt));
    same('frame', Uint8Array.from([...header, ...sealed]), one.ct);
    same('opened', (await openFrame(core, key, counter, additional, sealed))!, one.pt);
    ++frames;
  }
  return { headers: vectors.header.length, frames };
}

Object.assign(window, { runLoop, runGroup, runVectors });

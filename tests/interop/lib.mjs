// What the interop tests share: the server program on a pipe, browsers, and the page's side of a
// call (two or more members in one room, no end-to-end encryption).
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import readline from 'node:readline';

// The browser drivers are web/package.json's.
const web = createRequire(new URL('../../web/package.json', import.meta.url));

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// The sfu_server program; command() resolves to the words of its answer.
export async function startServer(program, ip) {
  const child = spawn(program, [ip], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = new Map();
  const events = [];
  let counters = {};
  let ready;
  const started = new Promise((done) => (ready = done));
  let commands = 0;
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const words = line.split(' ');
    if (words[0] === 'ready') ready();
    else if (words[0] === 'event') events.push(line.slice(6));
    else if (words[0] === 'counter') counters[words[1] + (words.length > 3 ? words[2] : '')] = Number(words.at(-1));
    else if (waiting.has(words[1])) {
      waiting.get(words[1])(words);
      waiting.delete(words[1]);
    }
  });
  await started;
  const command = (text) =>
    new Promise((done) => {
      waiting.set(String(++commands), done);
      child.stdin.write(text + '\n');
    });
  return {
    events,
    command,
    async offer(room, member, sdp, lines) {
      const words = await command(['offer', room, member, Buffer.from(sdp).toString('base64'), ...lines].join(' '));
      if (words[0] !== 'answer') throw new Error(words.join(' '));
      return Buffer.from(words[2], 'base64').toString();
    },
    async counters() {
      counters = {};
      await command('counters');
      return counters;
    },
    stop: () => child.stdin.end(),
  };
}

// Exit code 77 (skipped) where the browser or its driver is not installed.
export function need(...names) {
  for (const name of names) {
    const driver = name === 'firefox' ? 'puppeteer-core' : 'playwright-core';
    const program = name === 'firefox' ? '/usr/bin/firefox-esr' : '/usr/bin/chromium';
    try {
      web.resolve(driver);
      if (!existsSync(program)) throw new Error(program);
    } catch {
      console.log(`skipped: ${program} or ${driver} (npm ci in web/) is missing`);
      process.exit(77);
    }
  }
}

// A page in a secure context (localhost).
export async function servePage() {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>interop</title>');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://localhost:${server.address().port}/`, stop: () => server.close() };
}

export async function chromium(extra = []) {
  const { chromium: driver } = web('playwright-core');
  const browser = await driver.launch({
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--allow-loopback-in-peer-connection', '--use-fake-device-for-media-stream',
      '--use-fake-ui-for-media-stream', '--autoplay-policy=no-user-gesture-required', ...extra,
    ],
  });
  return {
    async page(url) {
      const context = await browser.newContext();
      const page = await context.newPage();
      page.on('console', (m) => console.log('  [chromium]', m.text()));
      await page.goto(url);
      return page;
    },
    stop: () => browser.close(),
  };
}

// Fake devices without asking, and nothing sent home.
export const firefoxPrefs = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.autoplay.default': 0,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'datareporting.healthreport.uploadEnabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
  'app.normandy.enabled': false,
  'services.settings.server': 'http://127.0.0.1:1/',
  'media.gmp-manager.url': 'http://127.0.0.1:1/',
  'extensions.update.enabled': false,
};

export async function firefox() {
  const driver = web('puppeteer-core').default ?? web('puppeteer-core');
  const browser = await driver.launch({
    browser: 'firefox',
    executablePath: '/usr/bin/firefox-esr',
    headless: true,
    extraPrefsFirefox: firefoxPrefs,
  });
  return {
    async page(url) {
      const page = await browser.newPage();
      page.on('console', (m) => console.log('  [firefox]', m.text()));
      await page.goto(url);
      return page;
    },
    stop: () => browser.close(),
  };
}

// Runs in the page: one peer connection that sends camera and microphone and receives what the
// others of `receives` send. signal(sdp, lines) is exposed by the test.
export async function installClient() {
  const call = (globalThis.call = { pc: null, receivers: [] });
  call.begin = async ({ simulcast, codec, width = 1280, height = 720 }) => {
    const pc = (call.pc = new RTCPeerConnection());
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: true,
      video: { width, height, frameRate: 20 },
    });
    const [audio] = stream.getAudioTracks();
    const [video] = stream.getVideoTracks();
    call.audio = pc.addTransceiver(audio, { direction: 'sendonly', streams: [stream] });
    const layers = [
      { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150000 },
      { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500000 },
      { rid: 'h', maxBitrate: 1500000 },
    ];
    call.video = pc.addTransceiver(video, {
      direction: 'sendonly',
      streams: [stream],
      sendEncodings: simulcast ? layers : [{ maxBitrate: 1500000 }],
    });
    const wanted = RTCRtpSender.getCapabilities('video').codecs.filter(
      (c) => c.mimeType === `video/${codec}` || /rtx/.test(c.mimeType),
    );
    call.video.setCodecPreferences?.(wanted);
  };
  // others: [{member, track, kind, height}]; adds m-lines for new ones and stops those that left.
  call.receive = async (others) => {
    for (const o of others) {
      const known = call.receivers.find((r) => r.member === o.member && r.track === o.track);
      if (known) continue;
      const transceiver = call.pc.addTransceiver(o.kind, { direction: 'recvonly' });
      const element = document.createElement(o.kind);
      element.autoplay = true;
      element.muted = o.kind === 'video';
      element.srcObject = new MediaStream([transceiver.receiver.track]);
      document.body.append(element);
      call.receivers.push({ ...o, transceiver });
    }
    for (const r of call.receivers) {
      if (!others.some((o) => o.member === r.member && o.track === r.track)) r.transceiver.stop();
    }
    call.receivers = call.receivers.filter((r) =>
      others.some((o) => o.member === r.member && o.track === r.track));
    await call.negotiate();
  };
  call.negotiate = async (options) => {
    await call.pc.setLocalDescription(await call.pc.createOffer(options));
    const lines = [`send:${call.audio.mid}:audio`, `send:${call.video.mid}:camera`];
    for (const r of call.receivers) {
      lines.push(`receive:${r.transceiver.mid}:${r.member}:${r.track}:${r.height ?? 0}`);
    }
    const answer = await globalThis.signal(call.pc.localDescription.sdp, lines);
    await call.pc.setRemoteDescription({ type: 'answer', sdp: answer });
  };
  call.stats = async () => {
    const out = { state: call.pc.connectionState, sent: [], received: [] };
    (await call.pc.getStats()).forEach((s) => {
      if (s.type === 'outbound-rtp')
        out.sent.push({ kind: s.kind, rid: s.rid, ssrc: s.ssrc, frames: s.framesEncoded, width: s.frameWidth, bytes: s.bytesSent, nack: s.nackCount, pli: s.pliCount, key: s.keyFramesEncoded, codec: s.codecId, target: s.targetBitrate, rtx: s.retransmittedPacketsSent });
      if (s.type === 'inbound-rtp')
        out.received.push({ kind: s.kind, mid: s.mid, frames: s.framesDecoded, width: s.frameWidth, bytes: s.bytesReceived, packets: s.packetsReceived, lost: s.packetsLost, nack: s.nackCount, pli: s.pliCount, energy: s.totalAudioEnergy, freezes: s.freezeCount, dropped: s.framesDropped, jitterBuffer: s.jitterBufferDelay / s.jitterBufferEmittedCount, key: s.keyFramesDecoded, concealed: s.concealedSamples, samples: s.totalSamplesReceived, rtx: s.retransmittedPacketsReceived });
      if (s.type === 'candidate-pair' && s.nominated) {
        out.available = s.availableOutgoingBitrate;
        out.rtt = s.currentRoundTripTime;
      }
      if (s.type === 'remote-inbound-rtp') (out.remote ??= []).push({ kind: s.kind, loss: s.fractionLost, rtt: s.roundTripTime });
      if (s.type === 'transport') out.dtls = [s.dtlsState, s.tlsVersion, s.srtpCipher];
    });
    return out;
  };
}

// Joins `member` on a page of `browser` to the room.
export async function join(server, browser, url, room, member, options) {
  const page = await browser.page(url);
  await page.exposeFunction('signal', (sdp, lines) => server.offer(room, member, sdp, lines));
  await page.evaluate(installClient);
  await page.evaluate((o) => globalThis.call.begin(o), options);
  return {
    member,
    page,
    receive: (others) => page.evaluate((o) => globalThis.call.receive(o), others),
    negotiate: (o) => page.evaluate((x) => globalThis.call.negotiate(x), o),
    stats: () => page.evaluate(() => globalThis.call.stats()),
  };
}

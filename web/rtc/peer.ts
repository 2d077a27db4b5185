// One RTCPeerConnection to the server. Local tracks each have a sending line, remote ones a
// receiving line; every line gets its transform in the same turn that makes it, before any
// description names it, so there is no moment in which a frame could pass in clear.
import type { CryptoApi } from '../crypto/api.ts';
import {
  TRACK,
  type ClientMessage,
  type RecvLine,
  type SendLine,
  type Track,
} from '../protocol/messages.ts';
import { Negotiation, type Action } from '../protocol/negotiate.ts';
import { difference, kindOf, wantKey, type Want } from '../protocol/plan.ts';
import { codecTable, mids, tuneOpus } from '../protocol/sdp.ts';

export type Path = 'idle' | 'connecting' | 'connected' | 'failed';

export interface PeerEvents {
  send(message: ClientMessage): void;
  path(state: Path): void;
  /** The receiving lines changed. */
  lines(): void;
  /** The browser or the server would not go on with this connection. */
  rebuild(): void;
  log(what: string): void;
}

export interface RecvSlot extends Want {
  readonly transceiver: RTCRtpTransceiver;
  readonly stream: MediaStream;
  /** What is to be told of its size, and what was. */
  height?: number;
  told?: number;
}

interface SendSlot {
  readonly transceiver: RTCRtpTransceiver;
  /** Others are told of the track (it may be silent, or its camera off). */
  shown: boolean;
}

// Chromium wants the smallest layer first; Firefox takes any order.
const LAYERS: RTCRtpEncodingParameters[] = [
  { rid: 'l', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'm', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'h', scaleResolutionDownBy: 1, maxBitrate: 1_700_000 },
];
const SPEECH: RTCRtpEncodingParameters[] = [{ maxBitrate: 40_000 }];
const MUSIC: RTCRtpEncodingParameters[] = [{ maxBitrate: 128_000 }];
const SCREEN: RTCRtpEncodingParameters[] = [{ maxBitrate: 2_500_000 }];
const ENCODINGS = {
  [TRACK.audio]: SPEECH,
  [TRACK.camera]: LAYERS,
  [TRACK.screen]: SCREEN,
  [TRACK.screenAudio]: MUSIC,
};
const KEY_FRAME_GAP_MS = 500;
/** A path that is away this long gets new candidates before the browser gives it up. */
const DISCONNECTED_MS = 4000;

export interface PeerOptions {
  crypto: CryptoApi;
  events: PeerEvents;
  videoCodec: 'VP8' | 'VP9';
}

export class Peer {
  readonly pc: RTCPeerConnection;
  private readonly talk = new Negotiation();
  private readonly senders = new Map<Track, SendSlot>();
  private readonly receivers = new Map<string, RecvSlot>();
  private readonly timer: number;
  private lastKeyFrame = 0;
  private doubt = 0;
  private chain: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(private readonly options: PeerOptions) {
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', iceServers: [] });
    options.crypto.attach(this.pc);
    this.pc.onconnectionstatechange = () => this.onPath();
    this.timer = window.setInterval(() => this.run(this.talk.tick(performance.now())), 1000);
    // The microphone's line is made first and never stopped: it is the one that all others are
    // bundled on.
    this.sender(TRACK.audio);
  }

  get path(): Path {
    const state = this.pc.connectionState;
    if (state === 'connected') return 'connected';
    if (state === 'failed' || state === 'closed') return 'failed';
    return state === 'new' && !this.talk.outstanding ? 'idle' : 'connecting';
  }

  has(track: Track): boolean {
    return this.senders.has(track);
  }

  get received(): ReadonlyMap<string, RecvSlot> {
    return this.receivers;
  }

  /** Puts a device's track on its line, or takes it off. `shown`: others have a line for it. */
  async setLocal(track: Track, media: MediaStreamTrack | null, shown: boolean): Promise<void> {
    if (this.closed || (!media && !shown && !this.senders.has(track))) return;
    const slot = this.sender(track);
    if (slot.shown !== shown) {
      slot.shown = shown;
      slot.transceiver.direction = shown ? 'sendonly' : 'inactive';
      this.run(this.talk.change(performance.now()));
    }
    await slot.transceiver.sender.replaceTrack(media);
  }

  setWanted(want: readonly Want[]): void {
    const change = difference(this.receivers.keys(), want);
    for (const key of change.close) {
      this.receivers.get(key)!.transceiver.stop();
      this.receivers.delete(key);
    }
    for (const w of change.open) this.receive(w);
    if (!change.open.length && !change.close.length) return;
    this.run(this.talk.change(performance.now()));
    this.options.events.lines();
  }

  /** How tall each received picture is shown, by its key; what was there and is missing is not shown. */
  setHeights(heights: ReadonlyMap<string, number>): void {
    for (const [key, slot] of this.receivers) {
      if (kindOf(slot.track) !== 'video') continue;
      const height = heights.get(key);
      // A line whose tile has not been placed yet is not hidden: nothing is known of it.
      if (height !== undefined || slot.height !== undefined) slot.height = height ?? 0;
    }
    this.tellHeights();
  }

  // Only of lines that the server knows; of others the next offer tells.
  private tellHeights(): void {
    for (const slot of this.receivers.values()) {
      const { mid, currentDirection } = slot.transceiver;
      if (slot.height === undefined || slot.height === slot.told) continue;
      if (mid === null || currentDirection === null || !this.talk.up) continue;
      slot.told = slot.height;
      this.options.events.send({ t: 'view', mid, height: slot.height });
    }
  }

  socketUp(): void {
    this.run(this.talk.socketUp(performance.now()));
  }

  socketDown(): void {
    this.talk.socketDown();
  }

  restartIce(): void {
    this.run(this.talk.iceRestart(performance.now()));
  }

  answer(n: number, sdp: string): void {
    for (const action of this.talk.answer(n))
      if (action.do === 'apply') this.queue(() => this.apply(n, sdp));
  }

  /** The server refused what was last offered; `dead`: it has given this connection up. */
  refused(dead: boolean): void {
    this.run(this.talk.refused(performance.now(), dead));
  }

  /** Receivers have new keys and wait for a frame that stands alone. */
  keyFrame(track: Track): void {
    const sender = this.senders.get(track)?.transceiver.sender;
    const now = performance.now();
    if (!sender?.track || now - this.lastKeyFrame < KEY_FRAME_GAP_MS) return;
    this.lastKeyFrame = now;
    const parameters = sender.getParameters();
    const set = sender.setParameters as (p: RTCRtpSendParameters, o: unknown) => Promise<void>;
    const encodingOptions = parameters.encodings.map(() => ({ keyFrame: true }));
    set.call(sender, parameters, { encodingOptions }).catch(() => undefined);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.timer);
    clearTimeout(this.doubt);
    this.pc.onconnectionstatechange = null;
    this.pc.close();
  }

  private sender(track: Track): SendSlot {
    const have = this.senders.get(track);
    if (have) return have;
    const kind = kindOf(track);
    const init: RTCRtpTransceiverInit = { direction: 'inactive' };
    init.sendEncodings = ENCODINGS[track].map((l) => ({ ...l }));
    const transceiver = this.pc.addTransceiver(kind, init);
    this.options.crypto.protect(transceiver.sender, { track });
    prefer(transceiver, kind, this.options.videoCodec);
    const slot = { transceiver, shown: false };
    this.senders.set(track, slot);
    return slot;
  }

  private receive(want: Want): void {
    const kind = kindOf(want.track);
    const transceiver = this.pc.addTransceiver(kind, { direction: 'recvonly' });
    this.options.crypto.unprotect(transceiver.receiver, { leafId: want.member, track: want.track });
    prefer(transceiver, kind, 'VP8');
    const stream = new MediaStream([transceiver.receiver.track]);
    this.receivers.set(wantKey(want), { ...want, transceiver, stream });
  }

  private run(actions: Action[]): void {
    for (const action of actions) {
      if (action.do === 'offer') this.queue(() => this.offer(action.n, action.restart));
      else if (action.do === 'rebuild') this.options.events.rebuild();
    }
  }

  private queue(job: () => Promise<void>): void {
    this.chain = this.chain
      .then(() => (this.closed ? undefined : job()))
      .catch((e) => this.options.events.log(String(e)));
  }

  private async offer(n: number, iceRestart: boolean): Promise<void> {
    // An offer that was never answered gives way to this one.
    if (this.pc.signalingState === 'have-local-offer')
      await this.pc.setLocalDescription({ type: 'rollback' });
    const offer = await this.pc.createOffer({ iceRestart });
    await this.pc.setLocalDescription(offer);
    if (this.closed) return;
    const sdp = this.pc.localDescription!.sdp;
    const present = mids(sdp);
    const send: SendLine[] = [];
    for (const [track, slot] of this.senders) {
      const mid = slot.transceiver.mid;
      if (slot.shown && mid !== null && present.has(mid)) send.push({ mid, track });
    }
    const recv: RecvLine[] = [];
    for (const slot of this.receivers.values()) {
      const { mid } = slot.transceiver;
      if (mid === null || !present.has(mid)) continue;
      const { member, track, height } = slot;
      if (height === undefined) {
        recv.push({ mid, member, track });
      } else {
        slot.told = height;
        recv.push({ mid, member, track, height });
      }
    }
    this.options.crypto.codecs(codecTable(sdp));
    this.options.events.send({ t: 'offer', n, sdp, send, recv });
  }

  private async apply(n: number, sdp: string): Promise<void> {
    const music = this.senders.get(TRACK.screenAudio)?.shown ?? false;
    try {
      await this.pc.setRemoteDescription({
        type: 'answer',
        sdp: tuneOpus(sdp, music),
      });
      this.options.crypto.codecs(codecTable(this.pc.localDescription!.sdp, sdp));
      this.run(this.talk.applied(n, true, performance.now()));
      this.tellHeights();
    } catch (e) {
      this.options.events.log(`answer refused: ${String(e)}`);
      this.run(this.talk.applied(n, false, performance.now()));
    }
  }

  private onPath(): void {
    if (this.closed) return;
    this.options.events.path(this.path);
    clearTimeout(this.doubt);
    const state = this.pc.connectionState;
    if (state === 'failed') this.restartIce();
    else if (state === 'disconnected') {
      this.doubt = window.setTimeout(() => this.restartIce(), DISCONNECTED_MS);
    }
  }
}

// Only codecs that frames are sealed for are offered: VP8 first, VP9 beside it; Opus.
function prefer(
  transceiver: RTCRtpTransceiver,
  kind: 'audio' | 'video',
  first: 'VP8' | 'VP9',
): void {
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const named = (name: string) =>
    all.filter((c) => c.mimeType.toLowerCase() === `${kind}/${name}`.toLowerCase());
  const second = first === 'VP8' ? 'VP9' : 'VP8';
  const plainVp9 = (c: RTCRtpCodec) => !c.sdpFmtpLine || /profile-id=0/.test(c.sdpFmtpLine);
  const order =
    kind === 'audio'
      ? named('opus')
      : [...named(first), ...named(second), ...named('rtx')].filter(
          (c) => !/vp9/i.test(c.mimeType) || plainVp9(c),
        );
  if (order.length) transceiver.setCodecPreferences?.(order);
}

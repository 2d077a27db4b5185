// The media of a call: the connection to the server through its rebuilds and restarts, which tracks
// go out and come in on it, who is heard, and how well it goes.
import type { CryptoApi, Participant } from '../crypto/api.ts';
import { TRACK, type Flow, type LeafId, type RosterMember, type Track } from '../protocol/messages.ts';
import { wanted } from '../protocol/plan.ts';
import { between, level, type Level, type Received } from '../protocol/quality.ts';
import { computed, signal, type Read } from '../protocol/signal.ts';
import { Speakers } from '../protocol/speaker.ts';
import type { Devices } from './devices.ts';
import type { MediaState, QualityView } from './model.ts';
import { Peer, type Path } from './peer.ts';
import { Ears, received } from './senses.ts';
import type { Switches } from './switches.ts';

/** Sizes settle this long before the server is told. */
const VIEW_MS = 400;
const PATH_PATIENCE_MS = 12_000;

export interface LineParts {
  crypto: CryptoApi;
  devices: Devices;
  switches: Switches;
  videoCodec: 'VP8' | 'VP9';
  me: Read<LeafId>;
  inCall: Read<boolean>;
  participants: Read<Participant[]>;
  /** Whether the server can be spoken to now. */
  online(): boolean;
}

export class Line {
  readonly roster = signal<RosterMember[]>([]);
  readonly streams = signal<ReadonlyMap<string, MediaStream>>(new Map());
  readonly speaking = signal<ReadonlySet<LeafId>>(new Set());
  readonly stage = signal<LeafId | null>(null);
  readonly quality = signal<QualityView>({ level: 0, up: null, down: null, own: null });
  readonly state: Read<MediaState>;
  readonly counters = { rebuilt: 0, iceRestarts: 0 };

  private peer: Peer | null = null;
  private readonly path = signal<Path>('idle');
  private readonly patience = signal(false);
  private readonly speakers = new Speakers();
  private readonly ears = new Ears();
  private listening = false;
  private everConnected = false;
  private last: Received | null = null;
  private heights: ReadonlyMap<string, number> = new Map();
  private heightTimer = 0;
  private pathTimer = 0;

  constructor(private readonly parts: LineParts) {
    this.state = computed(() => {
      if (!parts.inCall()) return 'none';
      const path = this.path();
      if (path === 'connected') return 'connected';
      if (this.patience()) return this.everConnected ? 'lost' : 'blocked';
      return path === 'failed' ? 'lost' : 'connecting';
    });
  }

  get connection(): RTCPeerConnection | null {
    return this.peer?.pc ?? null;
  }

  /** A member (again). `resumed`: the server still has the connection of before. */
  welcome(resumed: boolean): void {
    const fresh = !this.peer || !resumed;
    if (fresh) this.build();
    this.peer!.socketUp();
    if (!fresh && this.path.peek() !== 'connected') this.peer!.restartIce();
  }

  /** No member any more. */
  end(): void {
    clearTimeout(this.pathTimer);
    clearTimeout(this.heightTimer);
    this.peer?.close();
    this.peer = null;
    this.path.set('idle');
    this.roster.set([]);
    this.streams.set(new Map());
  }

  answer(n: number, sdp: string): void {
    this.peer?.answer(n, sdp);
  }

  refused(dead: boolean): void {
    this.peer?.refused(dead);
  }

  socketDown(): void {
    this.peer?.socketDown();
  }

  networkChanged(): void {
    this.peer?.restartIce();
  }

  keyFrame(track: Track): void {
    this.peer?.keyFrame(track);
  }

  // What the server says of a transport that is not ours any more, as while a new one is made, is old.
  serverSays(state: 'connected' | 'failed' | 'closed'): void {
    const ours = this.peer?.pc.connectionState;
    if (state === 'connected' || ours === 'new' || ours === 'connecting') return;
    this.rebuild();
  }

  show(heights: ReadonlyMap<string, number>): void {
    this.heights = heights;
    clearTimeout(this.heightTimer);
    this.heightTimer = window.setTimeout(() => {
      if (this.parts.online() && this.parts.inCall.peek()) this.peer?.setHeights(this.heights);
    }, VIEW_MS);
  }

  private build(): void {
    if (this.peer) this.counters.rebuilt++;
    this.peer?.close();
    this.path.set('connecting');
    this.last = null;
    const { crypto, videoCodec } = this.parts;
    this.peer = new Peer({
      crypto,
      videoCodec,
      events: {
        send: (message) => crypto.send({ ...message }),
        path: (state) => this.onPath(state),
        lines: () => {
          this.publish();
          this.show(this.heights);
        },
        rebuild: () => this.rebuild(),
        log: (what) => console.warn(what),
      },
    });
    this.syncLocal();
    this.syncRemote();
  }

  private rebuild(): void {
    if (!this.parts.inCall.peek()) return;
    this.build();
    if (this.parts.online()) this.peer!.socketUp();
  }

  private publish(): void {
    const streams = new Map<string, MediaStream>();
    for (const [key, slot] of this.peer?.received ?? []) streams.set(key, slot.stream);
    this.streams.set(streams);
  }

  private onPath(state: Path): void {
    if (state === 'connected') this.everConnected = true;
    if (state === 'failed') this.counters.iceRestarts++;
    this.path.set(state);
  }

  /** Effect: what the devices give is put on the lines. */
  syncLocal(): void {
    const { devices, switches } = this.parts;
    const [mic, camera, screen, sound] = [
      devices.audio(),
      devices.video(),
      switches.share.video(),
      switches.share.sound(),
    ];
    const cameraOn = switches.cameraOn();
    const peer = this.peer;
    if (!peer) return;
    const put = (track: Track, media: MediaStreamTrack | null, shown: boolean) =>
      peer.setLocal(track, media, shown).catch((e) => console.warn('replaceTrack', String(e)));
    // A camera that is off keeps its line, so that turning it on again needs no new agreement.
    void put(TRACK.audio, mic, mic !== null);
    void put(TRACK.camera, cameraOn ? camera : null, camera !== null || peer.has(TRACK.camera));
    void put(TRACK.screen, screen, screen !== null);
    void put(TRACK.screenAudio, sound, sound !== null);
  }

  /** Effect: the tracks of all whom the keys' side accepted are received. */
  syncRemote(): void {
    const accepted = new Set(
      this.parts
        .participants()
        .filter((p) => p.accepted && !p.self)
        .map((p) => p.leafId),
    );
    this.peer?.setWanted(wanted(this.roster(), accepted, this.parts.me()));
    this.publish();
  }

  /** Effect: where no path comes about for a while, say why; forget it as soon as one does. */
  watchPath(): void {
    const connected = this.path() === 'connected';
    clearTimeout(this.pathTimer);
    if (!this.parts.inCall() || connected) return this.patience.set(false);
    this.pathTimer = window.setTimeout(() => this.patience.set(true), PATH_PATIENCE_MS);
  }

  /** A few times a second: who is heard. */
  async hear(): Promise<void> {
    if (this.listening) return;
    this.listening = true;
    const ids = this.parts.participants
      .peek()
      .filter((p) => !p.self)
      .map((p) => p.leafId);
    const levels = await this.ears.hear(this.peer, ids).catch(() => new Map<LeafId, number>());
    this.listening = false;
    const speaking = this.speakers.hear(levels, performance.now());
    const old = this.speaking.peek();
    if (speaking.size !== old.size || [...speaking].some((id) => !old.has(id)))
      this.speaking.set(speaking);
    this.stage.set(this.speakers.stage);
  }

  /** Every other second: how well it goes. */
  async measure(): Promise<void> {
    const pc = this.peer?.pc;
    if (!pc || pc.connectionState !== 'connected')
      return this.quality.update((q) => ({ ...q, level: 0 }));
    const now = await received(pc);
    const own = this.last ? between(this.last, now) : null;
    this.last = now;
    this.quality.update((q) => {
      const flows = [own, q.up].filter((f): f is Flow => f !== null);
      return { ...q, own, level: flows.length ? (Math.min(...flows.map(level)) as Level) : 3 };
    });
  }
}

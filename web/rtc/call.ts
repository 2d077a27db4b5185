// A call as the page sees it: the socket, the crypto worker, the connection and the devices, and
// what they say as signals. It decides nothing about trust; the worker does.
import type {
  Badge,
  ChatMessage,
  CryptoApi,
  LobbyGuest,
  Participant,
  Policy,
} from '../crypto/api.ts';
import {
  TRACK,
  parseServer,
  type ByeReason,
  type Flow,
  type LeafId,
  type Role,
  type RosterMember,
  type ServerMessage,
  type Track,
} from '../protocol/messages.ts';
import type { CallModel, Hop, MediaState, Notice, Over, Phase, QualityView } from './model.ts';
import { changes } from '../protocol/people.ts';
import { wanted } from '../protocol/plan.ts';
import { computed, effect, root, signal, type Read, type Signal } from '../protocol/signal.ts';
import { between, level, type Level, type Received } from '../protocol/quality.ts';
import { Speakers } from '../protocol/speaker.ts';
import { Devices } from './devices.ts';
import { heard, received } from './senses.ts';
import { onNetworkChange } from './network.ts';
import { Notices } from './notices.ts';
import { Share } from './share.ts';
import { Peer, type Path } from './peer.ts';
import { Socket } from './socket.ts';

export interface CallOptions {
  crypto: CryptoApi;
  devices: Devices;
  room: string;
  fragment: string;
  name: string;
  micOn: boolean;
  cameraOn: boolean;
  videoCodec: 'VP8' | 'VP9';
}

/** Whose words an error uses that answers an offer. */
const ABOUT_MEDIA = /^(negotiate|sdp|sfu|ice|dtls|rtc|mux):|\boffer\b/;
/** Whoever is seen in the first moments was here before us. */
const QUIET_MS = 2000;
/** Sizes settle this long before the server is told. */
const VIEW_MS = 400;
const PATH_PATIENCE_MS = 12_000;
const GREY: Badge = {
  state: 'grey',
  reasons: [{ code: 'call-not-started', who: null, track: null }],
  participants: [],
};

export class Call implements CallModel {
  readonly crypto: CryptoApi;
  readonly devices: Devices;
  readonly room: string;
  readonly invite: string;
  readonly startedAt = Date.now();
  readonly me = signal<LeafId>('');
  readonly phase: Signal<Phase> = signal<Phase>({ at: 'dialling' });
  readonly role = signal<Role>('guest');
  readonly hop = signal<Hop | null>(null);
  readonly participants = signal<Participant[]>([]);
  readonly lobby = signal<LobbyGuest[]>([]);
  readonly policy = signal<Policy>({ lobby: false, locked: false });
  readonly badge = signal<Badge>(GREY);
  readonly chat = signal<ChatMessage[]>([]);
  readonly reconnecting = signal(false);
  readonly udpPort = signal(0);
  readonly streams = signal<ReadonlyMap<string, MediaStream>>(new Map());
  readonly speaking = signal<ReadonlySet<LeafId>>(new Set());
  readonly stage = signal<LeafId | null>(null);
  readonly micOn = signal(false);
  readonly cameraOn = signal(false);
  private readonly share = new Share();
  readonly screen = this.share.state;
  readonly screenTrack = this.share.video;
  readonly hand = signal(false);
  private readonly told = new Notices();
  readonly notices = this.told.list;
  readonly quality = signal<QualityView>({ level: 0, up: null, down: null, own: null });
  readonly media: Read<MediaState>;
  /** Counters for tests and the log. */
  readonly counters = { refused: 0, unknown: 0, rebuilt: 0, redials: 0, iceRestarts: 0 };

  private readonly path = signal<Path>('idle');
  private readonly patience = signal(false);
  private readonly roster = signal<RosterMember[]>([]);
  private readonly speakers = new Speakers();
  private readonly ends: (() => void)[] = [];
  private peer: Peer | null = null;
  private socket: Socket | null = null;
  private classical = false;
  private last: Received | null = null;
  private heights: ReadonlyMap<string, number> = new Map();
  private heightTimer = 0;
  private everConnected = false;
  private quietUntil = Infinity;
  private readonly wereHere = new Set<LeafId>();

  constructor(private readonly options: CallOptions) {
    this.crypto = options.crypto;
    this.devices = options.devices;
    this.room = options.room;
    this.invite = `${location.origin}/r/${options.room}#${options.fragment}`;
    this.micOn.set(options.micOn && devicesReady(options.devices, 'audio'));
    this.cameraOn.set(options.cameraOn && devicesReady(options.devices, 'video'));
    this.media = computed(() => {
      if (this.phase().at !== 'in') return 'none';
      const path = this.path();
      if (path === 'connected') return 'connected';
      if (this.patience()) return this.everConnected ? 'lost' : 'blocked';
      return path === 'failed' ? 'lost' : 'connecting';
    });
  }

  /** Rejects when the link is not one, or the worker cannot begin. */
  async start(): Promise<void> {
    const { crypto, options } = this;
    this.listen();
    await this.begin().catch((e: unknown) => {
      for (const end of this.ends.splice(0)) end();
      throw e;
    });
    this.devices.onlost = (kind) => this.onLost(kind);
    root((dispose) => {
      this.ends.push(dispose);
      effect(() => this.obeySwitches());
      effect(() => this.sendMuted());
      effect(() => this.syncLocal());
      effect(() => this.syncRemote());
      effect(() => this.watchPath());
    });
    const ears = window.setInterval(() => this.hear(), 200);
    const stats = window.setInterval(() => void this.measure(), 2000);
    this.ends.push(() => [ears, stats].forEach(clearInterval));
    this.watchNetwork();
    const scheme = location.protocol === 'http:' ? 'ws' : 'wss';
    this.socket = new Socket(`${scheme}://${location.host}/v1/signal?room=${options.room}`, {
      open: () => undefined,
      text: (frame) => this.onText(frame),
      down: (code) => this.onDown(code),
      ping: () =>
        this.phase.peek().at === 'in' &&
        crypto.send({ t: 'ping', at: Math.round(performance.now()) }),
    });
  }

  show(heights: ReadonlyMap<string, number>): void {
    this.heights = heights;
    clearTimeout(this.heightTimer);
    this.heightTimer = window.setTimeout(() => this.tellHeights(), VIEW_MS);
  }

  private async begin(): Promise<void> {
    const { room, fragment, name } = this.options;
    const begun = await this.crypto.begin({ room, fragment, name });
    this.me.set(begun.leafId);
  }

  acceptClassical(): void {
    this.classical = true;
    if (this.phase.peek().at !== 'classical') return;
    this.phase.set({ at: 'dialling' });
    this.crypto.hello({ classical: true });
  }

  async setMic(on: boolean): Promise<void> {
    if (on && !this.devices.audio.peek() && !(await this.devices.open('audio'))) return;
    const track = this.devices.audio.peek();
    if (track) track.enabled = on;
    this.micOn.set(on);
  }

  async setCamera(on: boolean): Promise<void> {
    if (on && !this.devices.video.peek() && !(await this.devices.open('video'))) return;
    this.cameraOn.set(on);
    if (!on) this.devices.stop('video');
  }

  async changeDevice(kind: 'audio' | 'video'): Promise<void> {
    const wasOn = kind === 'audio' ? this.micOn.peek() : this.cameraOn.peek();
    if (kind === 'video' && !wasOn) return;
    if (!(await this.devices.open(kind))) return;
    const track = this.devices.audio.peek();
    if (kind === 'audio' && track) track.enabled = wasOn;
  }

  async shareScreen(): Promise<void> {
    const result = await this.share.start(() => this.phase.peek().at === 'in');
    if (result === 'failed') this.notify('Your screen could not be shared.', 'warn');
  }

  stopScreen(): void {
    this.share.stop();
  }

  setHand(up: boolean): void {
    this.hand.set(up);
    this.crypto.setHand(up);
  }

  setName(name: string): void {
    this.crypto.setName(name);
  }

  async say(text: string): Promise<void> {
    const message = await this.crypto.chat(text);
    this.addChat(message);
  }

  notify(text: string, kind: Notice['kind'] = 'info'): void {
    this.told.add(text, kind);
  }

  dismiss(id: number): void {
    this.told.drop(id);
  }

  async leave(): Promise<void> {
    await this.finish('left');
  }

  /** For tests: cuts the line as a network would. */
  cut(): void {
    this.socket?.redial();
  }

  get connection(): RTCPeerConnection | null {
    return this.peer?.pc ?? null;
  }

  private listen(): void {
    const { crypto } = this;
    this.ends.push(
      crypto.on('frame', (bytes) => void this.socket?.send(bytes)),
      crypto.on('participants', (list) => this.onParticipants(list)),
      crypto.on('lobby', (list) => this.lobby.set(list)),
      crypto.on('policy', (policy) => this.policy.set(policy)),
      crypto.on('chat', (message) => this.addChat(message)),
      crypto.on('badge', (badge) => this.badge.set(badge)),
      crypto.on('muteAsked', (ask) => this.onMuteAsked(ask.by, ask.track)),
      crypto.on('over', ({ reason }) => void this.finish(reason)),
      crypto.on(
        'keyFrameWanted',
        ({ direction, source }) => direction === 'send' && this.peer?.keyFrame(source.track),
      ),
      crypto.on('refused', () => this.counters.refused++),
      crypto.on('dead', () => void this.finish('worker')),
    );
  }

  private onText(frame: string): void {
    this.crypto.server(frame);
    const message = parseServer(frame);
    if (message) this.onMessage(message);
    else this.counters.unknown++;
  }

  private onMessage(m: ServerMessage): void {
    switch (m.t) {
      case 'challenge':
        return this.onChallenge(m);
      case 'waiting':
        this.reconnecting.set(false);
        return this.phase.set({ at: 'lobby' });
      case 'welcome':
        return this.onWelcome(m);
      case 'roster':
        return this.onRoster(m.members);
      case 'answer':
        return this.peer?.answer(m.n, m.sdp);
      case 'quality':
        return this.quality.update((q) => ({ ...q, up: m.up, down: m.down }));
      case 'media':
        return this.onMedia(m.state);
      case 'error':
        return this.onError(m);
      case 'bye':
        return this.onBye(m.reason);
      default:
        return;
    }
  }

  private onChallenge(m: Extract<ServerMessage, { t: 'challenge' }>): void {
    this.hop.set({ kex: m.kex, pq: m.pq, version: m.version });
    if (!m.pq && !this.classical) return this.phase.set({ at: 'classical' });
    this.crypto.hello({ classical: !m.pq });
  }

  private onWelcome(m: Extract<ServerMessage, { t: 'welcome' }>): void {
    this.socket?.settled();
    this.me.set(m.you);
    this.role.set(m.role);
    this.udpPort.set(m.media.udp);
    this.reconnecting.set(false);
    const fresh = !this.peer || !m.resumed;
    if (fresh) this.build();
    if (this.quietUntil === Infinity) this.quietUntil = performance.now() + QUIET_MS;
    this.phase.set({ at: 'in' });
    this.peer!.socketUp();
    if (!fresh && this.path.peek() !== 'connected') this.peer!.restartIce();
  }

  private onRoster(members: RosterMember[]): void {
    this.roster.set(members);
    const mine = members.find((m) => m.id === this.me.peek());
    if (mine) this.role.set(mine.role);
  }

  private onError(m: Extract<ServerMessage, { t: 'error' }>): void {
    if (this.phase.peek().at === 'dialling' && m.code === 'forbidden' && m.what === 'classical hop')
      return this.phase.set({ at: 'classical' });
    if (this.phase.peek().at === 'dialling') return this.onHelloRefused(m.code);
    if (ABOUT_MEDIA.test(m.what)) this.peer?.refused(m.code === 'conflict');
    console.warn('server refused', m.code, m.what);
  }

  // What the server says of a transport that is not ours any more, as while a new one is made, is old.
  private onMedia(state: 'connected' | 'failed' | 'closed'): void {
    const ours = this.peer?.pc.connectionState;
    if (state === 'connected' || ours === 'new' || ours === 'connecting') return;
    this.rebuild();
  }

  private onHelloRefused(code: string): void {
    const again = code === 'conflict' || code === 'busy' || code === 'unavailable';
    if (!again) return void this.finish(code === 'not_found' ? 'no-room' : 'refused-by-server');
    // A leaf whose short id is taken draws another nonce (e2ee.md §3); a busy server is asked later.
    const fresh = code === 'conflict' ? this.begin() : Promise.resolve();
    fresh.then(
      () => this.socket?.redial(),
      () => this.finish('refused-by-server'),
    );
  }

  private onBye(reason: ByeReason): void {
    if (reason === 'draining') {
      this.notify('The server restarts. You will be connected again.', 'warn');
      return;
    }
    void this.finish(reason);
  }

  private onDown(code: number): void {
    if (this.phase.peek().at === 'over') return;
    this.counters.redials++;
    this.crypto.disconnected();
    this.peer?.socketDown();
    if (this.phase.peek().at === 'in') this.reconnecting.set(true);
    console.info('signalling line down', code);
  }

  private onParticipants(list: Participant[]): void {
    const before = new Map(this.participants.peek().map((p) => [p.leafId, p]));
    this.participants.set(list);
    if (performance.now() < this.quietUntil) for (const p of list) this.wereHere.add(p.leafId);
    for (const change of changes(before, list, this.wereHere))
      this.notify(change.text, change.kind);
  }

  private onMuteAsked(by: LeafId, track: Track): void {
    const name = this.participants.peek().find((p) => p.leafId === by)?.name || 'The host';
    if (track === TRACK.audio && this.micOn.peek()) {
      void this.setMic(false);
      this.notify(`${name} muted your microphone. You can turn it on again.`, 'warn');
    } else if (track === TRACK.camera && this.cameraOn.peek()) {
      void this.setCamera(false);
      this.notify(`${name} turned your camera off. You can turn it on again.`, 'warn');
    } else if (track >= TRACK.screen && this.screen.peek().on) {
      this.stopScreen();
      this.notify(`${name} ended your screen share.`, 'warn');
    }
  }

  private onLost(kind: 'audio' | 'video'): void {
    const on = kind === 'audio' ? this.micOn.peek() : this.cameraOn.peek();
    this.notify(
      kind === 'audio'
        ? 'Your microphone went away. Trying another.'
        : 'Your camera went away. Trying another.',
      'warn',
    );
    void this.devices.open(kind).then((ok) => {
      if (!ok) (kind === 'audio' ? this.micOn : this.cameraOn).set(false);
      else if (kind === 'audio' && this.devices.audio.peek())
        this.devices.audio.peek()!.enabled = on;
    });
  }

  private addChat(message: ChatMessage): void {
    this.chat.update((list) =>
      list.some((m) => m.id === message.id && m.from === message.from)
        ? list
        : [...list, message].slice(-2000),
    );
  }

  private build(): void {
    if (this.peer) this.counters.rebuilt++;
    this.peer?.close();
    this.path.set('connecting');
    this.last = null;
    this.peer = new Peer({
      crypto: this.crypto,
      videoCodec: this.options.videoCodec,
      events: {
        send: (message) => this.crypto.send({ ...message }),
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
    if (this.phase.peek().at !== 'in') return;
    this.build();
    if (this.socket?.open) this.peer!.socketUp();
  }

  private publish(): void {
    const streams = new Map<string, MediaStream>();
    for (const [key, slot] of this.peer?.received ?? []) streams.set(key, slot.stream);
    this.streams.set(streams);
  }

  private tellHeights(): void {
    if (this.socket?.open && this.phase.peek().at === 'in') this.peer?.setHeights(this.heights);
  }

  private onPath(state: Path): void {
    if (state === 'connected') this.everConnected = true;
    if (state === 'failed') this.counters.iceRestarts++;
    this.path.set(state);
  }

  // Reads the devices; runs again when one changes.
  private syncLocal(): void {
    const [mic, camera, screen, sound] = [
      this.devices.audio(),
      this.devices.video(),
      this.screenTrack(),
      this.share.sound(),
    ];
    const cameraOn = this.cameraOn();
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

  // A track says what its switch says, whenever it comes; a switch that no device answers goes off.
  private obeySwitches(): void {
    const { audio, video, opening } = this.devices;
    const mic = audio();
    if (mic) mic.enabled = this.micOn();
    else if (!opening.audio()) this.micOn.set(false);
    if (!video() && !opening.video()) this.cameraOn.set(false);
  }

  private syncRemote(): void {
    const accepted = new Set(
      this.participants()
        .filter((p) => p.accepted && !p.self)
        .map((p) => p.leafId),
    );
    this.peer?.setWanted(wanted(this.roster(), accepted, this.me()));
    this.publish();
  }

  private sendMuted(): void {
    const muted: Track[] = [];
    if (!this.micOn()) muted.push(TRACK.audio);
    if (!this.cameraOn()) muted.push(TRACK.camera);
    this.crypto.setMuted(muted);
  }

  // Where no path comes about for a while, say why; forget it as soon as one does.
  private watchPath(): void {
    const at = this.phase().at;
    const path = this.path();
    if (at !== 'in' || path === 'connected') return this.patience.set(false);
    const timer = window.setTimeout(() => this.patience.set(true), PATH_PATIENCE_MS);
    this.pathTimer?.();
    this.pathTimer = () => clearTimeout(timer);
  }
  private pathTimer: (() => void) | null = null;

  private watchNetwork(): void {
    const gone = () => this.socket?.hangUp();
    window.addEventListener('pagehide', gone);
    this.ends.push(
      () => window.removeEventListener('pagehide', gone),
      onNetworkChange(() => {
        if (this.phase.peek().at !== 'in') return;
        this.socket?.redial();
        this.peer?.restartIce();
      }),
    );
  }

  private hear(): void {
    const ids = this.participants
      .peek()
      .filter((p) => !p.self)
      .map((p) => p.leafId);
    const speaking = this.speakers.hear(heard(this.peer, ids), performance.now());
    const old = this.speaking.peek();
    if (speaking.size !== old.size || [...speaking].some((id) => !old.has(id)))
      this.speaking.set(speaking);
    this.stage.set(this.speakers.stage);
  }

  private async measure(): Promise<void> {
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

  private async finish(why: Over): Promise<void> {
    if (this.phase.peek().at === 'over') return;
    const left = why === 'worker' ? Promise.resolve() : this.crypto.leave().catch(() => undefined);
    this.phase.set({ at: 'over', why });
    this.stopScreen();
    this.pathTimer?.();
    clearTimeout(this.heightTimer);
    this.peer?.close();
    await Promise.race([left, new Promise((done) => setTimeout(done, 1000))]);
    for (const end of this.ends.splice(0)) end();
    this.socket?.stop();
    this.streams.set(new Map());
  }
}

// There, or about to be: a question to the user may still be open.
const devicesReady = (devices: Devices, kind: 'audio' | 'video') =>
  devices[kind].peek() !== null || devices.opening[kind].peek();

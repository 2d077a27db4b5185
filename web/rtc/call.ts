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
  parseServer,
  type ByeReason,
  type LeafId,
  type Role,
  type RosterMember,
  type ServerMessage,
  type Track,
} from '../protocol/messages.ts';
import { changes } from '../protocol/people.ts';
import { computed, effect, root, signal, type Signal } from '../protocol/signal.ts';
import type { Devices } from './devices.ts';
import { Line } from './line.ts';
import type { CallModel, Hop, Notice, Over, Phase } from './model.ts';
import { onNetworkChange } from './network.ts';
import { Notices } from './notices.ts';
import { Socket } from './socket.ts';
import { Switches } from './switches.ts';

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
  readonly hand = signal(false);
  private readonly told = new Notices();
  readonly notices = this.told.list;
  private readonly switches: Switches;
  private readonly line: Line;
  readonly micOn;
  readonly cameraOn;
  readonly screen;
  readonly screenTrack;
  readonly media;
  readonly streams;
  readonly speaking;
  readonly stage;
  readonly quality;
  /** Counters for tests and the log. */
  readonly counters = { refused: 0, unknown: 0, redials: 0 };

  private readonly ends: (() => void)[] = [];
  private socket: Socket | null = null;
  private classical = false;
  private quietUntil = Infinity;
  private readonly wereHere = new Set<LeafId>();

  constructor(private readonly options: CallOptions) {
    this.crypto = options.crypto;
    this.devices = options.devices;
    this.room = options.room;
    this.invite = `${location.origin}/r/${options.room}#${options.fragment}`;
    const { crypto, devices, micOn, cameraOn, videoCodec } = options;
    const notify = (text: string, kind: Notice['kind']) => this.notify(text, kind);
    const switches = new Switches({ crypto, devices, micOn, cameraOn, notify });
    this.line = new Line({
      crypto,
      devices,
      switches,
      videoCodec,
      me: this.me,
      participants: this.participants,
      inCall: computed(() => this.phase().at === 'in'),
      online: () => this.socket?.open ?? false,
    });
    this.switches = switches;
    this.micOn = switches.micOn;
    this.cameraOn = switches.cameraOn;
    this.screen = switches.share.state;
    this.screenTrack = switches.share.video;
    this.media = this.line.state;
    this.streams = this.line.streams;
    this.speaking = this.line.speaking;
    this.stage = this.line.stage;
    this.quality = this.line.quality;
  }

  /** Rejects when the link is not one, or the worker cannot begin. */
  async start(): Promise<void> {
    const { crypto, options } = this;
    this.listen();
    await this.begin().catch((e: unknown) => {
      for (const end of this.ends.splice(0)) end();
      throw e;
    });
    this.devices.onlost = (kind) => this.switches.lost(kind);
    root((dispose) => {
      this.ends.push(dispose);
      const { switches, line } = this;
      effect(() => switches.obey());
      effect(() => switches.tellMuted());
      effect(() => switches.tellUnmuted());
      effect(() => line.syncLocal());
      effect(() => line.syncRemote());
      effect(() => line.watchPath());
    });
    const ears = window.setInterval(() => void this.line.hear(), 200);
    const stats = window.setInterval(() => void this.line.measure(), 2000);
    this.ends.push(() => [ears, stats].forEach(clearInterval));
    this.watchNetwork();
    const scheme = location.protocol === 'http:' ? 'ws' : 'wss';
    this.socket = new Socket(`${scheme}://${location.host}/v1/signal?room=${options.room}`, {
      open: () => undefined,
      text: (frame) => this.onText(frame),
      down: (code) => this.onDown(code),
      ping: () =>
        ['in', 'lobby'].includes(this.phase.peek().at) &&
        crypto.send({ t: 'ping', at: Math.round(performance.now()) }),
    });
  }

  show(heights: ReadonlyMap<string, number>): void {
    this.line.show(heights);
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

  setMic(on: boolean): Promise<void> {
    return this.switches.setMic(on);
  }

  setCamera(on: boolean): Promise<void> {
    return this.switches.setCamera(on);
  }

  changeDevice(kind: 'audio' | 'video'): Promise<void> {
    return this.switches.change(kind);
  }

  async shareScreen(): Promise<void> {
    const result = await this.switches.share.start(() => this.phase.peek().at === 'in');
    if (result === 'failed') this.notify('Your screen could not be shared.', 'warn');
  }

  stopScreen(): void {
    this.switches.share.stop();
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
    return this.line.connection;
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
        ({ direction, source }) => direction === 'send' && this.line.keyFrame(source.track),
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
        return this.onWaiting();
      case 'welcome':
        return this.onWelcome(m);
      case 'roster':
        return this.onRoster(m.members);
      case 'answer':
        return this.line.answer(m.n, m.sdp);
      case 'quality':
        return this.quality.update((q) => ({ ...q, up: m.up, down: m.down }));
      case 'media':
        return this.line.serverSays(m.state);
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
    if (this.quietUntil === Infinity) this.quietUntil = performance.now() + QUIET_MS;
    this.phase.set({ at: 'in' });
    this.switches.welcome(m.resumed);
    this.line.welcome(m.resumed);
  }

  // Asked to wait, maybe out of the call (signaling.md §2): then its media end here.
  private onWaiting(): void {
    this.socket?.settled();
    this.reconnecting.set(false);
    this.phase.set({ at: 'lobby' });
    this.stopScreen();
    this.line.end();
  }

  private onRoster(members: RosterMember[]): void {
    this.line.roster.set(members);
    const mine = members.find((m) => m.id === this.me.peek());
    if (mine) this.role.set(mine.role);
  }

  private onError(m: Extract<ServerMessage, { t: 'error' }>): void {
    if (this.phase.peek().at === 'dialling' && m.code === 'forbidden' && m.what === 'classical hop')
      return this.phase.set({ at: 'classical' });
    if (this.phase.peek().at === 'dialling') return this.onHelloRefused(m.code);
    if (ABOUT_MEDIA.test(m.what)) this.line.refused(m.code === 'conflict');
    console.warn('server refused', m.code, m.what);
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
    this.line.socketDown();
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
    this.switches.muteAsked(name, track);
  }

  private addChat(message: ChatMessage): void {
    this.chat.update((list) =>
      list.some((m) => m.id === message.id && m.from === message.from)
        ? list
        : [...list, message].slice(-2000),
    );
  }

  private watchNetwork(): void {
    const gone = () => this.socket?.hangUp();
    window.addEventListener('pagehide', gone);
    this.ends.push(
      () => window.removeEventListener('pagehide', gone),
      onNetworkChange(() => {
        if (this.phase.peek().at !== 'in') return;
        this.socket?.redial();
        this.line.networkChanged();
      }),
    );
  }

  private async finish(why: Over): Promise<void> {
    if (this.phase.peek().at === 'over') return;
    const left = why === 'worker' ? Promise.resolve() : this.crypto.leave().catch(() => undefined);
    this.phase.set({ at: 'over', why });
    this.stopScreen();
    this.line.end();
    await Promise.race([left, new Promise((done) => setTimeout(done, 1000))]);
    for (const end of this.ends.splice(0)) end();
    this.socket?.stop();
  }
}

// The page's side of the crypto worker: CryptoApi over messages, the transforms' handles, and the
// heartbeat.
import type {
  Badge,
  BeginOptions,
  Begun,
  ChatMessage,
  ClientMessage,
  Code,
  Codec,
  CryptoApi,
  Device,
  Events,
  Fingerprint,
  LeafId,
  LinkInfo,
  NewRoom,
  Pin,
  Policy,
  Source,
  Track,
} from './api.ts';
import {
  Refusal,
  type FromWorker,
  type SentCount,
  type ToWorker,
  type TransformOptions,
  type Watched,
} from './wire.ts';

const PING_MS = 400;
const OVERDUE_MS = 1200; // and one more ping: within 2 s the page knows
const DEAD_MS = 10_000;
const WATCH_MS = 250;
const COUNT_MS = 2000;
const UNANSWERED = {
  state: 'amber' as const,
  reasons: [{ code: 'worker-dead' as const, who: null, track: null }],
};

interface Line {
  id: number;
  transform: RTCRtpScriptTransform;
}
type Listener = (value: never) => void;

/** Starts the worker; its device identity is there when the promise resolves. */
export async function openCrypto(workerUrl: string, wasmUrl: string): Promise<CryptoApi> {
  const client = new CryptoClient(new Worker(workerUrl, { type: 'module', name: 'crypto' }));
  try {
    client.device = (await client.ask('start', {
      wasmUrl: new URL(wasmUrl, location.href).href,
    })) as Device;
  } catch (e) {
    client.close();
    throw e;
  }
  return client;
}

class CryptoClient implements CryptoApi {
  device!: Device;
  private readonly waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (why: unknown) => void }
  >();
  private readonly listeners = new Map<keyof Events, Set<Listener>>();
  private readonly senders = new WeakMap<RTCRtpSender, Line & { track: Track }>();
  private readonly receivers = new WeakMap<RTCRtpReceiver, Line & { source: Source }>();
  private readonly timers: number[] = [];
  private connection: RTCPeerConnection | null = null;
  private lastWatched = '';
  private lastId = 0;
  private pinged: { n: number; at: number } | null = null;
  private suspected = false;
  private doubted = false;
  private lastBadge: Badge = { state: 'grey', reasons: [], participants: [] };
  private counting = false;
  private dead = false;

  constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.receive(data);
    worker.onerror = (e) => this.die(e.message || 'the crypto worker failed');
    this.timers.push(window.setInterval(() => this.ping(), PING_MS));
    this.timers.push(window.setInterval(() => this.watch(), WATCH_MS));
    this.timers.push(window.setInterval(() => void this.count(), COUNT_MS));
  }

  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): () => void {
    let set = this.listeners.get(event);
    if (!set) this.listeners.set(event, (set = new Set()));
    set.add(listener as Listener);
    return () => set.delete(listener as Listener);
  }

  newRoom = (options: { lobby: boolean }) => this.ask('newRoom', options) as Promise<NewRoom>;
  readLink = (fragment: string) => this.ask('readLink', fragment) as Promise<LinkInfo>;
  begin = (options: BeginOptions) => this.ask('begin', options) as Promise<Begun>;
  server = (text: string) => this.tell('server', text);
  hello = (options: { classical: boolean }) => this.tell('hello', options);
  send = (message: ClientMessage) => this.tell('send', message);
  disconnected = () => this.tell('disconnected');
  codecs = (table: Record<number, Codec>) => this.tell('codecs', table);
  setName = (name: string) => this.tell('setName', name);
  setHand = (up: boolean) => this.tell('setHand', up);
  setMuted = (tracks: Track[]) => this.tell('setMuted', tracks);
  chat = (text: string) => this.ask('chat', text) as Promise<ChatMessage>;
  admit = (leafId: LeafId) => this.ask('admit', leafId) as Promise<void>;
  remove = (leafId: LeafId) => this.ask('remove', leafId) as Promise<void>;
  setPolicy = (policy: Policy) => this.ask('setPolicy', policy) as Promise<void>;
  askToMute = (leafId: LeafId, track: Track) =>
    this.ask('askToMute', leafId, track) as Promise<void>;
  grant = (leafId: LeafId, role: 'cohost' | 'guest') =>
    this.ask('grant', leafId, role) as Promise<void>;
  end = () => this.ask('end') as Promise<void>;
  code = (leafId: LeafId) => this.ask('code', leafId) as Promise<Code>;
  scan = (leafId: LeafId, qr: string) => this.ask('scan', leafId, qr) as Promise<boolean>;
  confirm = (leafId: LeafId) => this.ask('confirm', leafId) as Promise<void>;
  accept = (leafId: LeafId) => this.ask('accept', leafId) as Promise<void>;
  pins = () => this.ask('pins') as Promise<Pin[]>;
  forget = (fingerprint: Fingerprint) => this.ask('forget', fingerprint) as Promise<void>;

  async leave(): Promise<void> {
    this.connection = null;
    this.lastWatched = '';
    await this.ask('leave');
  }
  close(): void {
    this.die(null);
  }

  attach(pc: RTCPeerConnection): void {
    this.connection = pc;
    this.watch();
  }
  protect(sender: RTCRtpSender, options: { track: Track }): void {
    const line = this.line({ direction: 'send', track: options.track, leafId: '' });
    sender.transform = line.transform;
    this.senders.set(sender, { ...line, track: options.track });
  }
  unprotect(receiver: RTCRtpReceiver, source: Source): void {
    const have = this.receivers.get(receiver);
    if (have) {
      have.source = source;
      return this.tell('assign', have.id, source);
    }
    const line = this.line({ direction: 'receive', ...source });
    receiver.transform = line.transform;
    this.receivers.set(receiver, { ...line, source });
  }

  ask(method: string, ...args: unknown[]): Promise<unknown> {
    if (this.dead) return Promise.reject(new Refusal('unavailable', 'the crypto worker is gone'));
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.post({ id, method, args });
    });
  }

  private line(options: Omit<TransformOptions, 'id'>): Line {
    const id = ++this.lastId;
    return { id, transform: new RTCRtpScriptTransform(this.worker, { ...options, id }) };
  }
  private tell(tell: string, ...args: unknown[]): void {
    if (!this.dead) this.post({ tell, args });
  }
  private post(message: ToWorker): void {
    this.worker.postMessage(message);
  }
  private emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(value as never);
  }

  private receive(message: FromWorker): void {
    if ('pong' in message) {
      if (message.pong === this.pinged?.n) this.pinged = null;
      this.suspected = false;
      if (this.doubted) {
        this.doubted = false;
        this.emit('badge', this.lastBadge);
      }
    } else if ('event' in message) {
      if (message.event === 'badge') this.lastBadge = message.value as Badge;
      if (message.event !== 'badge' || !this.doubted)
        this.emit(message.event, message.value as never);
    } else {
      const waiting = this.waiting.get(message.id);
      this.waiting.delete(message.id);
      if ('error' in message)
        waiting?.reject(new Refusal(message.error.code, message.error.message));
      else waiting?.resolve(message.value);
    }
  }

  // A page that was itself asleep must not take its worker for dead: an overdue answer is given one
  // more turn of the page's own queue. A worker that is only late, on a machine with too much to do,
  // costs the badge its green while it lasts; one that stays silent is ended.
  private ping(): void {
    const now = performance.now();
    if (!this.pinged) {
      this.pinged = { n: ++this.lastId, at: now };
      this.post({ ping: this.pinged.n });
    } else if (now - this.pinged.at >= OVERDUE_MS) {
      if (this.suspected && now - this.pinged.at >= DEAD_MS) {
        return this.die('the crypto worker does not answer');
      }
      if (this.suspected && !this.doubted) {
        this.doubted = true;
        this.emit('badge', { ...this.lastBadge, ...UNANSWERED });
      }
      this.suspected = true;
    }
  }

  private die(why: string | null): void {
    if (this.dead) return;
    this.dead = true;
    this.timers.forEach(clearInterval);
    this.worker.terminate();
    for (const { reject } of this.waiting.values())
      reject(new Refusal('unavailable', 'the crypto worker is gone'));
    this.waiting.clear();
    if (why === null) return;
    this.emit('badge', { ...UNANSWERED, participants: [] });
    this.emit('dead', { why });
  }

  // What the browser says it sent, for the badge: no more than came through our transforms (sent.ts).
  private async count(): Promise<void> {
    const pc = this.connection;
    if (this.counting || !pc || pc.connectionState !== 'connected') return;
    this.counting = true;
    const counts: SentCount[] = [];
    for (const sender of pc.getSenders()) {
      const line = this.senders.get(sender);
      const stats = line && (await sender.getStats().catch(() => null));
      if (stats) counts.push({ id: line.id, sent: framesSent(stats) });
    }
    this.counting = false;
    if (pc === this.connection) this.tell('sent', counts);
  }

  // What is really on the connection, for the badge: a line without our transform is named.
  private watch(): void {
    const pc = this.connection;
    if (!pc || pc.connectionState === 'closed' || this.dead) return;
    const watched: Watched = { senders: [], receivers: [] };
    for (const transceiver of pc.getTransceivers()) {
      const { sender, receiver, currentDirection } = transceiver;
      const out = this.senders.get(sender);
      if (sender.track && (currentDirection === 'sendonly' || currentDirection === 'sendrecv')) {
        const ours = out !== undefined && sender.transform === out.transform;
        const track = out?.track ?? (sender.track.kind === 'audio' ? 1 : 2);
        watched.senders.push({ id: ours ? out.id : null, track });
      }
      const back = this.receivers.get(receiver);
      if (currentDirection === 'recvonly' || currentDirection === 'sendrecv') {
        const ours = back !== undefined && receiver.transform === back.transform;
        const source = back?.source ?? {
          leafId: '00'.repeat(32),
          track: receiver.track.kind === 'audio' ? (1 as const) : (2 as const),
        };
        watched.receivers.push({ id: ours ? back.id : null, source });
      }
    }
    const text = JSON.stringify(watched);
    if (text === this.lastWatched) return;
    this.lastWatched = text;
    this.tell('watch', watched);
  }
}

// Sound goes a frame a packet.
function framesSent(stats: RTCStatsReport): number {
  let sent = 0;
  stats.forEach((s) => {
    if (s.type !== 'outbound-rtp') return;
    const packets = (s.packetsSent ?? 0) - (s.retransmittedPacketsSent ?? 0);
    sent += s.kind === 'audio' ? packets : (s.framesSent ?? 0);
  });
  return sent;
}

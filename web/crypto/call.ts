// One call in the worker: it feeds the Session with what the server says, does its jobs with
// WebCrypto, signs what goes to the server in order, and tells the page what happens.
import type {
  ChatMessage,
  ClientMessage,
  Events,
  LobbyGuest,
  Participant,
  Policy,
  Role,
  Track,
} from './api.ts';
import { Badges } from './badges.ts';
import { concat, fromHex, text, toBase64url, utf8, type Bytes } from './bytes.ts';
import { CODEC, senderOf, type Core, type Output, type View } from './core.ts';
import type { Identity } from './device.ts';
import { bytesOf, idOf, listOf, shownMember, type Json } from './fields.ts';
import type { Pins } from './pins.ts';
import { Said } from './said.ts';
import type { Transforms } from './transform.ts';
import { openWith, sealFrame, sealWith, x25519, type FrameKeys } from './webcrypto.ts';
import { Refusal, type SentCount, type Watched } from './wire.ts';

const KEYS_A_FRAME = 40; // signaling.md §3
const MEMBERS_MAX = 200;
const LOBBY_MAX = 100;
const KNOCK_MAX = 256;
const FOR_ALL = ['hello', 'ping', 'leave'];
const TICK_MS = 100;
const BADGE_MS = 250;

export interface CallParts {
  core: Core;
  keys: FrameKeys;
  transforms: Transforms;
  identity: Identity;
  pins: Pins;
  emit<K extends keyof Events>(event: K, value: Events[K]): void;
}

export class Call {
  private leaf: { id: string; bytes: Bytes } | null = null;
  private leafReady: ((id: string) => void) | null = null;
  private dataMetadata: Bytes = new Uint8Array(0);
  private view: View = { policy: { lobby: false, locked: false }, participants: [], lobby: [] };
  private viewDue = false;
  private nonce: Bytes | null = null; // of this connection's challenge, after hello
  private challenge: Bytes | null = null;
  private seq = 0n;
  private connection = 0; // counts connections; what was meant for an older one is dropped
  private signing: Promise<void> = Promise.resolve();
  // Data messages keep their order: WebCrypto may answer a later one first.
  private sealing: Promise<unknown> = Promise.resolve();
  private opening: Promise<unknown> = Promise.resolve();
  private member = false; // on this connection: who is not may say hello, ping and leave
  private readonly said = new Said();
  private keysToSend: { to: string; msg: string }[] = [];
  private readonly knocks = new Map<string, string>(); // lobby names by leaf
  private readonly badges: Badges;
  private lastView = '';
  private pumping = false;
  private ended = false;
  private readonly timers: ReturnType<typeof setInterval>[] = [];

  constructor(
    private readonly p: CallParts,
    private readonly options: { room: string; fragment: string; name: string },
  ) {
    this.badges = new Badges(p.core, p.transforms);
  }

  async begin(): Promise<string> {
    const ready = new Promise<string>((resolve) => (this.leafReady = resolve));
    const room = this.options.room;
    this.p.pins.startCall();
    this.p.core.begin({ ...this.options, publicKey: this.p.identity.publicKey });
    this.dataMetadata = this.p.core.do('e2ee_data_metadata').rest();
    this.pump();
    const failed = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Refusal('timed_out', `no leaf for ${room}`)), 10_000),
    );
    const id = await Promise.race([ready, failed]);
    this.timers.push(setInterval(() => this.tick(), TICK_MS));
    this.timers.push(setInterval(() => this.showBadge(), BADGE_MS));
    return id;
  }

  /** When everything given to send() is signed and handed over. */
  async settled(): Promise<void> {
    await this.signing;
  }
  end(): void {
    this.ended = true;
    this.timers.forEach(clearInterval);
    this.connection++;
    this.nonce = null;
    this.p.core.end();
    this.p.keys.clear();
  }
  get active(): boolean {
    return !this.ended && this.leaf !== null;
  }
  get leafId(): string {
    return this.leaf?.id ?? '';
  }

  // ---- signalling

  hello(options: { classical: boolean }): void {
    if (!this.leaf || !this.challenge) return;
    this.nonce = this.challenge;
    this.challenge = null;
    this.seq = 0n;
    const leaf = this.leaf;
    void this.knock(leaf.id, this.options.name).then((knock) =>
      this.send({
        t: 'hello',
        leaf: toBase64url(leaf.bytes),
        classical: options.classical,
        knock: toBase64url(knock),
      }),
    );
  }

  disconnected(): void {
    this.connection++;
    this.nonce = null;
    this.challenge = null;
    this.member = false;
    this.keysToSend = [];
    if (this.ended) return;
    this.p.core.do('e2ee_disconnected');
    this.pump();
  }

  /** Signs in the order of calls; what is not signed when the connection goes is dropped. */
  send(message: ClientMessage): void {
    const connection = this.connection;
    if (!this.nonce || !(this.member || FOR_ALL.includes(message.t))) return;
    if (message.t === 'ping' && this.member) this.said.ping(Number(message.at));
    this.signing = this.signing
      .then(async () => {
        if (connection !== this.connection || !this.nonce) return;
        const payload = utf8(JSON.stringify(message));
        const seq = new Uint8Array(8);
        new DataView(seq.buffer).setBigUint64(0, ++this.seq);
        const signed = concat(this.nonce, seq, payload);
        const signature = await this.p.identity.sign(utf8('V100 signal v1'), signed);
        if (connection !== this.connection) return;
        this.p.emit('frame', concat(Uint8Array.of(1), seq, signature, payload));
      })
      .catch((e: unknown) => this.refused(`signing: ${String(e)}`));
  }

  server(frame: string): void {
    let message: Json;
    try {
      message = JSON.parse(frame) as Json;
    } catch {
      return this.refused('server: not JSON');
    }
    if (typeof message !== 'object' || message === null) return this.refused('server: no object');
    try {
      this.handle(message);
    } catch (e) {
      this.refused(`server: ${String(message.t)}: ${e instanceof Error ? e.message : String(e)}`);
    }
    this.pump();
  }

  private handle(m: Json): void {
    const { core } = this.p;
    switch (m.t) {
      case 'challenge':
        this.connection++;
        this.nonce = null;
        this.member = false;
        this.said.newLine();
        this.challenge = bytesOf(m.nonce, 32, 32);
        return;
      case 'waiting':
        this.member = false;
        core.do('e2ee_waiting');
        return;
      case 'welcome':
        this.member = true;
        core.do('e2ee_welcome');
        for (const msg of this.said.unconfirmed) this.send({ t: 'statement', msg });
        return;
      case 'pong':
        return this.said.pong(Number(m.at));
      case 'roster':
        return this.onRoster(m);
      case 'statement':
        core.do('e2ee_statement', bytesOf(m.msg, 0, 8192));
        return;
      case 'key':
        core.do('e2ee_key', concat(idOf(m.from), bytesOf(m.msg, 0, 8192)));
        return;
      case 'data':
        core.do('e2ee_data', concat(idOf(m.from), bytesOf(m.msg, 0, 20_000)));
        return;
    }
  }

  private onRoster(m: Json): void {
    const members = listOf(m.members, MEMBERS_MAX).map(shownMember);
    const lobby = listOf(m.lobby ?? [], LOBBY_MAX).map(shownMember);
    const statements = listOf(m.statements ?? [], 4096).map((s) => bytesOf(s, 0, 8192));
    const issuers = listOf(m.issuers ?? [], MEMBERS_MAX).map((k) => bytesOf(k, 1952, 1952));
    this.p.core.roster({ members, lobby, statements, issuers });
    for (const guest of listOf(m.lobby ?? [], LOBBY_MAX) as Json[])
      if (guest.knock !== undefined) void this.readKnock(guest);
  }

  // A guest's name, sealed for those who hold the link (e2ee.md §7).
  private async knock(leafId: string, name: string): Promise<Bytes> {
    const id = fromHex(leafId, 32)!;
    const key = this.p.core.do('e2ee_knock_key', id).rest();
    const nonce = crypto.getRandomValues(new Uint8Array(12));
    return concat(nonce, await sealWith(key, nonce, id, utf8(name).slice(0, 128)));
  }
  private async readKnock(guest: Json): Promise<void> {
    try {
      const id = idOf(guest.id);
      const knock = bytesOf(guest.knock, 28, KNOCK_MAX);
      const key = this.p.core.do('e2ee_knock_key', id).rest();
      const name = await openWith(key, knock.slice(0, 12), id, knock.slice(12));
      this.knocks.set(String(guest.id), text(name));
      this.viewChanged();
    } catch {
      this.refused('a knock does not open');
    }
  }

  // ---- the Session's outputs

  private tick(): void {
    if (this.ended) return;
    this.p.core.tick();
    this.pump();
  }

  /** Handles what the Session asks for, until it asks for nothing more. */
  pump(): void {
    if (this.pumping || this.ended) return;
    this.pumping = true;
    try {
      for (let outputs = this.p.core.outputs(); outputs.length; outputs = this.p.core.outputs())
        for (const output of outputs) this.output(output);
    } finally {
      this.pumping = false;
    }
    this.flushKeys();
    if (this.viewDue) this.viewChanged();
  }

  private output(o: Output): void {
    const { keys, identity, transforms, emit } = this.p;
    switch (o.do) {
      case 'sign':
        return this.job(o.job, identity.sign(o.context, o.message));
      case 'x25519':
        return this.job(o.job, x25519(o.scalar, o.point).finally(() => o.scalar.fill(0)));
      case 'seal':
        return this.job(o.job, sealWith(o.key, o.nonce, o.additional, o.text));
      case 'open':
        return this.job(o.job, openWith(o.key, o.nonce, o.additional, o.sealed));
      case 'sealData':
        return this.job(o.job, this.inOrder('sealing', () => this.sealData(o.text)));
      case 'openData':
        return this.job(o.job, this.inOrder('opening', () => this.openData(o.from, o.frame)));
      case 'install':
        keys.install(o.sender, o.epoch, o.key);
        if (o.sender !== senderOf(this.leafId)) transforms.keyCame(o.sender);
        return;
      case 'erase':
        return keys.erase(o.sender, o.epoch);
      case 'startSending':
        keys.forget(o.sender, o.epoch);
        return transforms.keyCame(null);
      case 'forget':
        return keys.forget(o.sender, null);
      case 'leaf':
        this.leaf = { id: o.id, bytes: o.leaf };
        this.leafReady?.(o.id);
        return;
      case 'sendKey':
        this.keysToSend.push({ to: o.to, msg: toBase64url(o.message) });
        return;
      case 'sendData':
        return this.send({ t: 'data', msg: toBase64url(o.frame) });
      case 'sendStatement':
        return this.state(toBase64url(o.statement));
      case 'view':
        this.viewDue = true;
        return;
      case 'chat':
        return this.onChat(o);
      case 'muteAsked':
        return emit('muteAsked', { by: this.leafOf(o.by) ?? '', track: o.track });
      case 'over':
        return emit('over', { reason: o.removed ? 'removed' : 'ended', by: this.leafOf(o.by) });
      case 'refused':
        return this.refused(o.what);
    }
  }

  private state(msg: string): void {
    this.said.add(msg);
    this.send({ t: 'statement', msg });
  }

  private job(id: number, work: Promise<Uint8Array>): void {
    work
      .then(
        (result) => !this.ended && this.p.core.complete(id, result),
        () => !this.ended && this.p.core.fail(id),
      )
      .then(() => this.pump())
      .catch((e: unknown) => this.refused(`job: ${String(e)}`));
  }

  private inOrder<T>(queue: 'sealing' | 'opening', work: () => Promise<T>): Promise<T> {
    const done = this[queue].then(work, work);
    this[queue] = done;
    return done;
  }

  private flushKeys(): void {
    while (this.keysToSend.length)
      this.send({ t: 'keys', list: this.keysToSend.splice(0, KEYS_A_FRAME) });
  }

  private async sealData(plain: Bytes): Promise<Bytes> {
    const { core, keys } = this.p;
    const sealing = core.seal(0, CODEC.data, plain);
    const key = sealing && (await keys.of(sealing.kid));
    if (!sealing || !key) throw new Refusal('unavailable', 'no key to send with');
    const additional = concat(sealing.header, this.dataMetadata);
    const sealed = await sealFrame(core, key, sealing.counter, additional, plain);
    core.sealed(0);
    return concat(sealing.header, sealed);
  }
  private async openData(from: string, frame: Bytes): Promise<Bytes> {
    const source = {
      sender: senderOf(from),
      track: 0 as const,
      codec: CODEC.data,
      metadata: this.dataMetadata,
    };
    const opened = await this.p.transforms.openBytes(source, frame);
    if (typeof opened === 'string') throw new Refusal('unauthenticated', opened);
    return opened;
  }

  // ---- what people see

  private participant(leafId: string) {
    return this.view.participants.find((one) => one.leafId === leafId);
  }
  private leafOf(fingerprint: string): string | null {
    return this.view.participants.find((one) => one.fingerprint === fingerprint)?.leafId ?? null;
  }

  private onChat(o: { from: string; id: string; text: string }): void {
    const name = this.participant(o.from)?.name ?? '';
    const { from, id, text: said } = o;
    this.p.emit('chat', { id, from, name, text: said, at: Date.now() });
  }

  private viewChanged(): void {
    this.viewDue = false;
    if (this.ended) return;
    this.view = this.p.core.view();
    for (const one of this.view.participants)
      if (one.accepted && !one.self && one.name !== '') void this.judgeTrust(one);
    this.showView();
  }

  private async judgeTrust(one: View['participants'][number]): Promise<void> {
    const trust = await this.p.pins.see(one.fingerprint, one.name);
    if (this.ended || trust === one.trust) return;
    one.trust = trust;
    this.p.core.setTrust(fromHex(one.leafId, 32)!, trust);
    this.pump();
  }

  private showView(): void {
    const participants: Participant[] = this.view.participants.map(
      ({ epoch: _, ...shown }) => shown,
    );
    const lobby: LobbyGuest[] = this.view.lobby.map((guest) => {
      const name = this.knocks.get(guest.leafId) ?? '';
      return { ...guest, name, trust: this.p.pins.trust(guest.fingerprint, name) };
    });
    const shown = JSON.stringify([participants, lobby, this.view.policy]);
    if (shown === this.lastView) return;
    this.lastView = shown;
    this.p.emit('participants', participants);
    this.p.emit('lobby', lobby);
    this.p.emit('policy', this.view.policy);
  }

  watch(watched: Watched): void {
    this.badges.watch(watched);
  }
  sent(counts: SentCount[]): void {
    this.badges.sent(counts);
  }

  private showBadge(): void {
    if (this.ended) return;
    const answer = this.badges.judge();
    this.view = this.p.core.view();
    const badge = this.badges.news(answer, this.view);
    if (badge) this.p.emit('badge', badge);
  }

  private refused(what: string): void {
    this.p.emit('refused', { what });
  }

  // ---- the user's wishes

  setName(name: string): void {
    this.options.name = name;
    this.wish('e2ee_set_name', utf8(name));
  }
  setHand(up: boolean): void {
    this.wish('e2ee_set_hand', null, up ? 1 : 0);
  }
  setMuted(tracks: Track[]): void {
    this.wish('e2ee_set_muted', null, tracks.reduce((all, t) => all | (1 << t), 0));
  }
  chat(said: string): ChatMessage {
    const id = this.wish('e2ee_chat', utf8(said)).hex(16);
    return { id, from: this.leafId, name: this.options.name, text: said, at: Date.now() };
  }
  admit(leafId: string): void {
    this.wish('e2ee_admit', idOf(leafId));
  }
  remove(leafId: string): void {
    this.wish('e2ee_remove', idOf(leafId));
  }
  setPolicy(policy: Policy): void {
    this.wish('e2ee_policy', null, policy.lobby ? 1 : 0, policy.locked ? 1 : 0);
  }
  askToMute(leafId: string, track: Track): void {
    this.wish('e2ee_ask_to_mute', idOf(leafId), track);
  }
  grant(leafId: string, role: Role): void {
    this.wish('e2ee_grant', idOf(leafId), role === 'cohost' ? 1 : 0);
  }
  endForAll(): void {
    this.wish('e2ee_end_for_all', null);
  }
  private wish(name: string, bytes: Uint8Array | null, ...args: number[]) {
    const out = this.p.core.do(name, bytes, ...args);
    this.pump();
    return out;
  }

  // ---- trust

  code(leafId: string): { digits: string; qr: string } {
    const other = this.other(leafId);
    const mine = fromHex(this.p.identity.device.fingerprint, 32)!;
    return this.p.core.code(mine, fromHex(other.fingerprint, 32)!);
  }
  async confirm(leafId: string): Promise<void> {
    const other = this.other(leafId);
    await this.p.pins.confirm(other.fingerprint, other.name);
    this.trustAgain(leafId, other);
  }
  async accept(leafId: string): Promise<void> {
    const other = this.other(leafId);
    await this.p.pins.accept(other.fingerprint, other.name);
    this.trustAgain(leafId, other);
  }
  private other(leafId: string) {
    const other = this.participant(leafId);
    if (!other || other.self || !other.accepted) throw new Refusal('not_found', 'no such participant');
    return other;
  }
  private trustAgain(leafId: string, other: { fingerprint: string; name: string }): void {
    const trust = this.p.pins.trust(other.fingerprint, other.name);
    this.p.core.setTrust(fromHex(leafId, 32)!, trust);
    this.pump();
    this.showBadge();
  }
}

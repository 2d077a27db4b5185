// src/e2ee in WASM behind typed calls (web/wasm/e2ee_state.h and the exports that include it are the
// other side). One instance is one device and at most one call.
import { CODES } from '../wasm/core.ts';
import type { DropReason, Role, Track, Trust } from './api.ts';
import { Reader, Writer, text, utf8, type Bytes } from './bytes.ts';
import { Refusal } from './wire.ts';

/** In the order of e2ee::Drop. */
export const DROPS: DropReason[] = [
  'no-key',
  'malformed',
  'wrong-track',
  'replayed',
  'forged',
  'codec',
];
const ROLES: Role[] = ['guest', 'cohost', 'host'];
const TRUSTS: Trust[] = ['self', 'first-use', 'pinned', 'confirmed', 'changed'];
/** e2ee::Codec. */
export const CODEC = { data: 0, opus: 1, vp8: 2, vp9: 3 } as const;
/** All that opening or sealing looks at: clear bytes, header and room for a tag. */
export const FRAME_HEAD = 48;

/** What the Session asks for, in order. */
export type Output =
  | { do: 'sign'; job: number; context: Bytes; message: Bytes }
  | { do: 'x25519'; job: number; scalar: Bytes; point: Bytes }
  | { do: 'seal'; job: number; key: Bytes; nonce: Bytes; additional: Bytes; text: Bytes }
  | { do: 'open'; job: number; key: Bytes; nonce: Bytes; additional: Bytes; sealed: Bytes }
  | { do: 'sealData'; job: number; text: Bytes }
  | { do: 'openData'; job: number; from: string; frame: Bytes }
  | { do: 'install'; sender: number; epoch: number; key: Bytes }
  | { do: 'erase'; sender: number; epoch: number }
  | { do: 'startSending'; sender: number; epoch: number }
  | { do: 'forget'; sender: number }
  | { do: 'leaf'; id: string; leaf: Bytes }
  | { do: 'sendKey'; to: string; message: Bytes }
  | { do: 'sendData'; frame: Bytes }
  | { do: 'sendStatement'; statement: Bytes }
  | { do: 'view' }
  | { do: 'chat'; from: string; id: string; text: string }
  | { do: 'muteAsked'; by: string; track: Track }
  | { do: 'over'; removed: boolean; by: string }
  | { do: 'refused'; what: string };

export interface ViewParticipant {
  leafId: string;
  fingerprint: string;
  self: boolean;
  accepted: boolean;
  role: Role;
  trust: Trust;
  name: string;
  hand: boolean;
  muted: Track[];
  tracks: Track[];
  connected: boolean;
  epoch: number;
}
export interface View {
  policy: { lobby: boolean; locked: boolean };
  participants: ViewParticipant[];
  lobby: { leafId: string; fingerprint: string; invited: boolean }[];
}

export interface ShownMember {
  id: Bytes;
  leaf: Bytes;
  tracks: number[];
  connected: boolean;
}

export interface TrackCounts {
  sender: number;
  track: number;
  sealed: number;
  opened: number;
  dropped: Record<DropReason, number>;
}
export interface BadgeAnswer {
  state: string;
  reasons: { code: string; who: string | null; track: number | null }[];
  counts: TrackCounts[];
}

export interface Sealing {
  kid: bigint;
  counter: bigint;
  clear: number;
  header: Bytes;
}
export interface Opening {
  kid: bigint;
  counter: bigint;
  clear: number;
  header: number;
}

export const senderOf = (leafId: string): number => parseInt(leafId.slice(0, 6), 16);
const bits = (value: number): Track[] => ([1, 2, 3, 4] as const).filter((t) => (value >> t) & 1);

type Exported = (...args: (number | bigint)[]) => number;

export class Core {
  private readonly memory: WebAssembly.Memory;
  private readonly exports: Record<string, Exported>;

  constructor(instance: WebAssembly.Instance) {
    this.memory = instance.exports.memory as WebAssembly.Memory;
    this.exports = instance.exports as Record<string, Exported>;
    (instance.exports._initialize as () => void)();
    this.stir();
  }

  static async load(source: WebAssembly.Module | Response | Promise<Response>): Promise<Core> {
    const module =
      source instanceof WebAssembly.Module ? source : await WebAssembly.compileStreaming(source);
    return new Core(await WebAssembly.instantiate(module));
  }

  /** Mixes in fresh entropy: at start and before each call. */
  stir(): void {
    this.input(crypto.getRandomValues(new Uint8Array(64)));
    this.call('e2ee_stir');
  }
  /** Both clocks, for whatever is called next. */
  now(): void {
    this.call('e2ee_now', performance.now(), Date.now());
  }

  // Device.
  makeDevice(): { seed: Bytes; publicKey: Bytes } {
    this.run('e2ee_device_make');
    const out = this.result();
    this.call('e2ee_wipe');
    return { seed: out.raw(32), publicKey: out.rest() };
  }
  loadDevice(seed: Bytes): Bytes {
    this.input(seed);
    this.run('e2ee_device_load');
    return this.result().rest();
  }
  dropDevice(): void {
    this.call('e2ee_device_drop');
  }
  sign(context: Bytes, message: Bytes): Bytes {
    this.input(new Writer().bytes(context).bytes(message).done());
    this.run('e2ee_sign');
    return this.result().rest();
  }
  fingerprint(publicKey: Bytes): string {
    this.input(publicKey);
    this.run('e2ee_fingerprint');
    return this.result().hex();
  }
  makeLink(lobby: boolean, host: Bytes): string {
    this.input(host);
    this.run('e2ee_link_make', lobby ? 1 : 0);
    return text(this.result().rest());
  }
  readLink(fragment: string): { lobby: boolean; host: string } {
    this.input(utf8(fragment));
    this.run('e2ee_link_read');
    const out = this.result();
    return { lobby: out.u8() !== 0, host: out.hex() };
  }
  code(a: Bytes, b: Bytes): { digits: string; qr: string } {
    this.input(new Writer().raw(a).raw(b).done());
    this.run('e2ee_code');
    const out = this.result();
    return { digits: out.text(), qr: out.text() };
  }

  // The call.
  begin(options: { room: string; fragment: string; publicKey: Bytes; name: string }): void {
    this.stir();
    this.now();
    this.input(
      new Writer()
        .text(options.room)
        .text(options.fragment)
        .bytes(options.publicKey)
        .text(options.name)
        .done(),
    );
    this.run('e2ee_begin');
  }
  end(): void {
    this.call('e2ee_end');
  }
  complete(job: number, result: Uint8Array): void {
    this.now();
    this.input(result);
    this.call('e2ee_complete', job);
  }
  fail(job: number): void {
    this.now();
    this.call('e2ee_fail', job);
  }
  tick(): void {
    this.now();
    this.call('e2ee_tick');
  }
  /** Calls an export that takes the time and perhaps bytes, and may refuse. */
  do(name: string, bytes: Uint8Array | null = null, ...args: number[]): Reader {
    this.now();
    if (bytes) this.input(bytes);
    this.run(name, ...args);
    return this.result();
  }
  roster(parts: {
    members: ShownMember[];
    lobby: ShownMember[];
    statements: Bytes[];
    issuers: Bytes[];
  }): void {
    const out = new Writer();
    for (const list of [parts.members, parts.lobby]) {
      out.u32(list.length);
      for (const one of list)
        out
          .raw(one.id)
          .bytes(one.leaf)
          .bytes(Uint8Array.from(one.tracks))
          .u8(one.connected ? 1 : 0);
    }
    for (const list of [parts.statements, parts.issuers]) {
      out.u32(list.length);
      for (const one of list) out.bytes(one);
    }
    this.do('e2ee_roster', out.done());
  }
  setTrust(leaf: Bytes, trust: Trust): void {
    this.do('e2ee_set_trust', leaf, TRUSTS.indexOf(trust));
  }

  outputs(): Output[] {
    this.run('e2ee_outputs');
    const record = this.copy();
    const reader = new Reader(record);
    const list: Output[] = [];
    while (!reader.done) list.push(readOutput(reader));
    record.fill(0);
    this.call('e2ee_wipe');
    return list;
  }

  view(): View {
    const out = this.do('e2ee_view');
    const view: View = {
      policy: { lobby: out.u8() !== 0, locked: out.u8() !== 0 },
      participants: [],
      lobby: [],
    };
    for (let left = out.u32(); left > 0; --left)
      view.participants.push({
        leafId: out.hex(),
        fingerprint: out.hex(),
        self: out.u8() !== 0,
        accepted: out.u8() === 0,
        role: ROLES[out.u8()]!,
        trust: TRUSTS[out.u8()]!,
        name: out.text(),
        hand: out.u8() !== 0,
        muted: bits(out.u8()),
        tracks: [...out.bytes()] as Track[],
        connected: out.u8() !== 0,
        epoch: out.u32(),
      });
    for (let left = out.u32(); left > 0; --left)
      view.lobby.push({ leafId: out.hex(), fingerprint: out.hex(), invited: out.u8() !== 0 });
    return view;
  }

  badge(unprotected: {
    senders: number[];
    receivers: { leaf: Bytes; track: number }[];
  }): BadgeAnswer {
    const input = new Writer().bytes(Uint8Array.from(unprotected.senders));
    input.u32(unprotected.receivers.length);
    for (const one of unprotected.receivers) input.raw(one.leaf).u8(one.track);
    const out = this.do('e2ee_badge', input.done());
    const answer: BadgeAnswer = { state: out.text(), reasons: [], counts: [] };
    for (let left = out.u32(); left > 0; --left) {
      const code = out.text();
      const who = out.bytes();
      const track = out.u8();
      answer.reasons.push({
        code,
        who: who.length ? new Reader(who).hex() : null,
        track: track === 0xff ? null : track,
      });
    }
    for (let left = out.u32(); left > 0; --left) {
      const key = out.u32();
      const counts: TrackCounts = {
        sender: key >>> 8,
        track: key & 0xff,
        sealed: Number(out.u64()),
        opened: Number(out.u64()),
        dropped: {} as Record<DropReason, number>,
      };
      for (const drop of DROPS) counts.dropped[drop] = Number(out.u64());
      answer.counts.push(counts);
    }
    return answer;
  }

  // Frames. `head` is the first FRAME_HEAD bytes of the frame, or all of it.
  /** Null: there is no key to send with. */
  seal(track: number, codec: number, head: Uint8Array): Sealing | null {
    this.input(head);
    if (this.exports.e2ee_frame_seal!(track, codec) !== 0) return null;
    const out = this.result();
    return { kid: out.u64(), counter: out.u64(), clear: out.u8(), header: out.rest() };
  }
  sealed(track: number): void {
    this.call('e2ee_frame_sealed', track);
  }
  open(sender: number, track: number, codec: number, head: Uint8Array): Opening | DropReason {
    this.now();
    this.input(head);
    const why = this.exports.e2ee_frame_open!(sender, track, codec);
    if (why !== 0) return DROPS[why - 1]!;
    const out = this.result();
    return { kid: out.u64(), counter: out.u64(), clear: out.u8(), header: out.u8() };
  }
  /** Whether a frame that decrypted may be shown: false when it was shown before. */
  opened(sender: number, track: number, opening: Opening): boolean {
    this.now();
    return (
      this.exports.e2ee_frame_opened!(sender, track, opening.kid, opening.counter) === 1
    );
  }
  drop(sender: number, track: number, why: DropReason): void {
    this.now();
    this.call('e2ee_frame_drop', sender, track, DROPS.indexOf(why));
  }
  labels(kid: bigint, suite = 5): { key: Bytes; salt: Bytes } {
    this.exports.e2ee_frame_labels!(kid, suite);
    const out = this.result();
    return { key: out.raw(32), salt: out.raw(33) };
  }
  nonce(salt: Bytes, counter: bigint): Bytes {
    this.input(salt);
    this.exports.e2ee_frame_nonce!(counter);
    return this.result().rest();
  }
  header(kid: bigint, counter: bigint): Bytes {
    this.exports.e2ee_header_write!(kid, counter);
    return this.result().rest();
  }

  private input(bytes: Uint8Array): void {
    const at = this.exports.e2ee_input!(bytes.length);
    new Uint8Array(this.memory.buffer, at, bytes.length).set(bytes);
  }
  private copy(): Uint8Array {
    const at = this.exports.e2ee_result!();
    const size = this.exports.e2ee_result_size!();
    return new Uint8Array(this.memory.buffer, at, size).slice();
  }
  private result(): Reader {
    return new Reader(this.copy());
  }
  private call(name: string, ...args: number[]): void {
    this.exports[name]!(...args);
  }
  private run(name: string, ...args: number[]): void {
    const status = this.exports[name]!(...args);
    if (status !== 0)
      throw new Refusal(CODES[status - 1] ?? 'unavailable', text(this.result().rest()));
  }
}

function readOutput(r: Reader): Output {
  const kind = r.u8();
  switch (kind) {
    case 1:
      return { do: 'sign', job: r.u32(), context: r.bytes(), message: r.bytes() };
    case 2:
      return { do: 'x25519', job: r.u32(), scalar: r.raw(32), point: r.raw(32) };
    case 3:
    case 4: {
      const job = r.u32();
      const key = r.raw(32);
      const nonce = r.raw(12);
      const additional = r.bytes();
      const bytes = r.bytes();
      return kind === 3
        ? { do: 'seal', job, key, nonce, additional, text: bytes }
        : { do: 'open', job, key, nonce, additional, sealed: bytes };
    }
    case 5:
      return { do: 'sealData', job: r.u32(), text: r.bytes() };
    case 6:
      return { do: 'openData', job: r.u32(), from: r.hex(), frame: r.bytes() };
    case 7:
      return { do: 'install', sender: r.u32(), epoch: r.u32(), key: r.raw(32) };
    case 8:
      return { do: 'erase', sender: r.u32(), epoch: r.u32() };
    case 9:
      return { do: 'startSending', sender: r.u32(), epoch: r.u32() };
    case 10:
      return { do: 'forget', sender: r.u32() };
    case 11:
      return { do: 'leaf', id: r.hex(), leaf: r.bytes() };
    case 12:
      return { do: 'sendKey', to: r.hex(), message: r.bytes() };
    case 13:
      return { do: 'sendData', frame: r.bytes() };
    case 14:
      return { do: 'sendStatement', statement: r.bytes() };
    case 15:
      return { do: 'view' };
    case 16:
      return { do: 'chat', from: r.hex(), id: r.hex(16), text: r.text() };
    case 17:
      return { do: 'muteAsked', by: r.hex(), track: r.u8() as Track };
    case 18:
      return { do: 'over', removed: r.u8() !== 0, by: r.hex() };
    case 19:
      return { do: 'refused', what: r.text() };
    default:
      throw new RangeError(`unknown output ${kind}`);
  }
}

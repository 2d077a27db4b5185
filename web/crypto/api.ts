// What the page may ask of the crypto worker, and what the worker tells it. The worker owns the
// device key, the call's keys, the Session (src/e2ee in WASM) and the frame transforms; no key ever
// reaches the page. `openCrypto` (client.ts) gives a `CryptoApi` on a dedicated worker.
//
// The life of a call, as the page sees it:
//   const crypto = await openCrypto(workerUrl)            // device identity is there
//   crypto.on('frame', bytes => socket.send(bytes))       // every client-to-server frame is signed
//   await crypto.begin({room, fragment, name})
//   socket.onmessage = e => crypto.server(e.data)         // every server message, unparsed
//   (on 'challenge')  crypto.hello({classical: false})
//   crypto.attach(pc); crypto.protect(sender, {track: Track.camera}); crypto.unprotect(receiver, …)
//   crypto.send({t: 'offer', …})                          // the page's own messages, signed in order
//   await crypto.leave()                                  // wipes
import type { CODES } from '../wasm/core.ts';

/** Lower-case hex of 32 bytes. */
export type LeafId = string;
export type Fingerprint = string;

/** docs/spec/e2ee.md §8. Track 0 (data) never leaves the worker. */
export const Track = { audio: 1, camera: 2, screen: 3, screenAudio: 4 } as const;
export type Track = (typeof Track)[keyof typeof Track];

export type Codec = 'opus' | 'vp8' | 'vp9';
export type Role = 'host' | 'cohost' | 'guest';

/** How this device's ML-DSA-65 key is kept. */
export interface Device {
  fingerprint: Fingerprint;
  storage: 'webcrypto' | 'wrapped'; // non-extractable WebCrypto key | WASM key under such an AES key
  fresh: boolean; // made just now: first visit, or the browser's data was cleared
}

export interface NewRoom {
  hostFingerprint: Fingerprint; // goes into POST /v1/rooms
  fragment: string; // the link is `${origin}/r/${room}#${fragment}`; never send it anywhere
}

export interface LinkInfo {
  lobby: boolean; // the room starts with its lobby on
  host: Fingerprint;
  mine: boolean; // this device is the host
}

export interface BeginOptions {
  room: string; // 'abcd-efgh-jkmn'
  fragment: string; // location.hash without '#'
  name: string; // display name, end-to-end encrypted; at most 128 bytes of UTF-8
}

export interface Begun {
  leafId: LeafId; // this device in this call
  host: boolean;
}

/**
 * first-use: never seen under this name; pinned: same key as before; confirmed: codes compared (now
 * or in an earlier call); changed: this name had another key before.
 */
export type Trust = 'self' | 'first-use' | 'pinned' | 'confirmed' | 'changed';

export interface Participant {
  leafId: LeafId;
  fingerprint: Fingerprint;
  self: boolean;
  /** false: the server shows it, but it may not be here (no invite, not admitted, bad signature). */
  accepted: boolean;
  role: Role;
  name: string; // '' until its first encrypted state message
  trust: Trust;
  hand: boolean;
  muted: Track[]; // as the participant says, encrypted
  tracks: Track[]; // as the server says
  connected: boolean; // as the server says
}

export interface LobbyGuest {
  leafId: LeafId;
  fingerprint: Fingerprint;
  invited: boolean; // holds the link: its leaf is genuine. Only such can be admitted
  name: string; // sealed for those who hold the link; '' when absent
  trust: Trust;
}

export interface Policy {
  lobby: boolean;
  locked: boolean;
}

export interface ChatMessage {
  id: string;
  from: LeafId;
  name: string;
  text: string;
  at: number; // ms since 1970, when it came
}

/** Why the badge is not green. `who` is a leaf where one is to blame. */
export type ReasonCode =
  | 'intruder' // the server shows a member that holds no invite, was not admitted, or is forged
  | 'key-changed' // this name had another device key before
  | 'roster-disagrees' // a member sees another roster for more than 1.2 s
  | 'epoch-behind' // a member is still on an old key of mine, or I have none of its current one
  | 'silent' // a member's encrypted state has not come for 6 s
  | 'key-refused' // a key message failed its checks
  | 'frame-forged' // frames do not decrypt
  | 'frame-replayed' // frames came again
  | 'frame-wrong-track' // frames of one track or person came as another's
  | 'frame-plaintext' // frames came without encryption
  | 'sender-unprotected' // one of our own senders has no live transform
  | 'receiver-unprotected' // one of our receivers has no live transform
  | 'worker-dead' // the crypto worker has not answered for 2 s
  | 'call-not-started' // grey: nobody else, or no connection yet
  | 'reconnecting'; // the server is away; what is shown may be old

export interface Reason {
  code: ReasonCode;
  who: LeafId | null;
  track: Track | null;
}

/**
 * green: every participant confirmed or pinned; outline: all gates hold, some keys are
 * seen for the first time; amber: a gate failed, `reasons` says which; grey: no call to speak of.
 */
export type BadgeState = 'green' | 'outline' | 'amber' | 'grey';

export interface ParticipantSecurity {
  leafId: LeafId;
  fingerprint: Fingerprint;
  trust: Trust;
  kem: 'X-Wing (ML-KEM-768 + X25519)';
  signature: 'ML-DSA-65';
  frames: 'AES-256-GCM (SFrame)';
  epoch: number; // of the key we read (or, for self, write) with; 0: none yet
  encrypted: number; // self: frames sealed
  decrypted: number; // others: frames opened
  plaintext: number; // frames let through in clear: always 0
  failed: number; // frames dropped: forged, replayed, wrong track, unknown key, plaintext
  dropped: Record<DropReason, number>;
}

export type DropReason =
  | 'no-key' // before the key came, or after it was erased: normal around a join
  | 'malformed' // no SFrame header where one must be: plaintext, or cut
  | 'wrong-track'
  | 'replayed'
  | 'forged'
  | 'codec'; // a codec we have no recipe for

export interface Badge {
  state: BadgeState;
  reasons: Reason[];
  participants: ParticipantSecurity[];
}

export interface Code {
  digits: string; // twelve groups of five, single spaces between
  qr: string; // text for the QR code
}

export interface Pin {
  fingerprint: Fingerprint;
  name: string;
  firstSeen: number; // ms since 1970
  confirmed: boolean;
}

/** Payload of a client-to-server message (docs/spec/signaling.md §3); the worker signs it. */
export type ClientMessage = { t: string } & Record<string, unknown>;

export interface ServerMessage {
  t: string;
  [key: string]: unknown;
}

/** Where a receiver's frames must come from; the SFU's claim, which every frame is held to. */
export interface Source {
  leafId: LeafId;
  track: Track;
}

export interface Events {
  /** A signed frame: put it on the WebSocket as binary, in this order. */
  frame: Uint8Array;
  participants: Participant[];
  lobby: LobbyGuest[];
  policy: Policy;
  chat: ChatMessage;
  badge: Badge;
  /** A host or co-host asks this device to mute a track. The page mutes, or asks its user. */
  muteAsked: { by: LeafId; track: Track };
  /** The host ended the call, or removed us (signed; the server's `bye` alone proves nothing). */
  over: { reason: 'ended' | 'removed'; by: LeafId | null };
  /**
   * Keys came after frames: the sender should make a key frame now. `send`: of our own track (use
   * setParameters({…}, {encodingOptions: [{keyFrame: true}]}) where there is such a thing);
   * `receive`: the decoder's own PLI does it, this is a hint.
   */
  keyFrameWanted: { direction: 'send' | 'receive'; source: Source };
  /** A server message that the worker refused, for the log. */
  refused: { what: string };
  /** The worker is gone (10 s without a heartbeat). The call is over; the page should leave. */
  dead: { why: string };
}

export interface CryptoApi {
  readonly device: Device;

  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): () => void;

  // Before a call.
  newRoom(options: { lobby: boolean }): Promise<NewRoom>;
  /** Rejects with `malformed` for a link that is not ours. */
  readLink(fragment: string): Promise<LinkInfo>;
  begin(options: BeginOptions): Promise<Begun>;

  // Signalling. Pass every server text message here, then handle what is the page's.
  server(text: string): void;
  /** Answers the connection's challenge: sends `hello`, starts the sequence anew. */
  hello(options: { classical: boolean }): void;
  /** Signs and sends the page's own message (offer, leave, ping); order is kept with ours. */
  send(message: ClientMessage): void;
  /** The socket closed. What was not yet signed for it is dropped; the next `hello` starts anew. */
  disconnected(): void;

  // Media. Every sender and receiver of `pc` must be protected before its first frame.
  /** Watches the connection: a sender or receiver without a live transform turns the badge. */
  attach(pc: RTCPeerConnection): void;
  protect(sender: RTCRtpSender, options: { track: Track }): void;
  /** Also to be called again when the SFU gives the receiver to another member or track. */
  unprotect(receiver: RTCRtpReceiver, source: Source): void;
  /** Payload type → codec of the negotiated description; call after each negotiation. */
  codecs(table: Record<number, Codec>): void;

  // In the call.
  setName(name: string): void;
  setHand(up: boolean): void;
  setMuted(tracks: Track[]): void;
  chat(text: string): Promise<ChatMessage>; // the message as sent; at most 8,000 bytes

  // Host and co-host (rejects with `forbidden` for others).
  admit(leafId: LeafId): Promise<void>;
  remove(leafId: LeafId): Promise<void>; // also refuses a guest in the lobby
  setPolicy(policy: Policy): Promise<void>;
  askToMute(leafId: LeafId, track: Track): Promise<void>;
  grant(leafId: LeafId, role: 'cohost' | 'guest'): Promise<void>; // host only
  end(): Promise<void>; // host only

  // Trust.
  code(leafId: LeafId): Promise<Code>;
  /** True when a scanned QR text is the code with that participant; then it is confirmed too. */
  scan(leafId: LeafId, qr: string): Promise<boolean>;
  /** The user compared the digits. */
  confirm(leafId: LeafId): Promise<void>;
  /** The user takes a changed key without comparing: first-use now, pinned from the next call on. */
  accept(leafId: LeafId): Promise<void>;
  pins(): Promise<Pin[]>;
  forget(fingerprint: Fingerprint): Promise<void>;

  /** Says `leave`, wipes the call's keys, ends the transforms. The device key stays. */
  leave(): Promise<void>;
  /** Ends the worker. */
  close(): void;
}

/** Errors that CryptoApi rejects with: `code` is one of base/result.h's names. */
export interface CryptoError extends Error {
  code: (typeof CODES)[number];
}

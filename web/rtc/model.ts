// What the call screen shows and does: the types of a call, apart from how it is made. `Call` is
// the real one; the page for looking at designs has another.
import type {
  Badge,
  ChatMessage,
  CryptoApi,
  LobbyGuest,
  Participant,
  Policy,
} from '../crypto/api.ts';
import type { ByeReason, Flow, LeafId, Role } from '../protocol/messages.ts';
import type { Level } from '../protocol/quality.ts';
import type { Read } from '../protocol/signal.ts';
import type { Devices } from './devices.ts';

export type Phase =
  | { at: 'dialling' }
  | { at: 'classical' }
  | { at: 'lobby' }
  | { at: 'in' }
  | { at: 'over'; why: Over };
export type Over = ByeReason | 'left' | 'worker' | 'refused-by-server' | 'no-room';

export interface Hop {
  kex: string;
  pq: boolean;
  version: string;
}
export interface Screen {
  on: boolean;
  sound: boolean;
}
export interface Notice {
  id: number;
  text: string;
  kind: 'info' | 'warn' | 'hand' | 'chat';
}
export interface QualityView {
  level: Level;
  up: Flow | null;
  down: Flow | null;
  own: Flow | null;
}
export type MediaState = 'none' | 'connecting' | 'connected' | 'lost' | 'blocked';

export interface CallModel {
  readonly crypto: Pick<
    CryptoApi,
    | 'device'
    | 'admit'
    | 'remove'
    | 'setPolicy'
    | 'askToMute'
    | 'grant'
    | 'end'
    | 'code'
    | 'scan'
    | 'confirm'
    | 'accept'
  >;
  readonly devices: Devices;
  readonly room: string;
  readonly invite: string;
  readonly me: Read<LeafId>;
  readonly phase: Read<Phase>;
  readonly role: Read<Role>;
  readonly hop: Read<Hop | null>;
  readonly participants: Read<Participant[]>;
  readonly lobby: Read<LobbyGuest[]>;
  readonly policy: Read<Policy>;
  readonly badge: Read<Badge>;
  readonly chat: Read<ChatMessage[]>;
  readonly reconnecting: Read<boolean>;
  readonly media: Read<MediaState>;
  readonly udpPort: Read<number>;
  readonly quality: Read<QualityView>;
  readonly streams: Read<ReadonlyMap<string, MediaStream>>;
  readonly speaking: Read<ReadonlySet<LeafId>>;
  readonly stage: Read<LeafId | null>;
  readonly micOn: Read<boolean>;
  readonly cameraOn: Read<boolean>;
  readonly screen: Read<Screen>;
  readonly screenTrack: Read<MediaStreamTrack | null>;
  readonly hand: Read<boolean>;
  readonly notices: Read<Notice[]>;
  readonly startedAt: number;
  /** How tall each picture is shown, in CSS pixels, by its key (`LEAF/TRACK`). */
  show(heights: ReadonlyMap<string, number>): void;
  acceptClassical(): void;
  setMic(on: boolean): Promise<void>;
  setCamera(on: boolean): Promise<void>;
  changeDevice(kind: 'audio' | 'video'): Promise<void>;
  shareScreen(): Promise<void>;
  stopScreen(): void;
  setHand(up: boolean): void;
  setName(name: string): void;
  say(text: string): Promise<void>;
  notify(text: string, kind?: Notice['kind']): void;
  dismiss(id: number): void;
  leave(): Promise<void>;
}

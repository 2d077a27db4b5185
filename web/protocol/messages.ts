// The messages of signaling.md, as types, and the one door through which the server's come in:
// what parseServer returns has every field that its type says.
import { isRoom } from './link.ts';

export type LeafId = string;
export type Role = 'host' | 'cohost' | 'guest';

/** Track numbers of e2ee.md §8. */
export const TRACK = { audio: 1, camera: 2, screen: 3, screenAudio: 4 } as const;
export type Track = 1 | 2 | 3 | 4;

export interface RosterMember {
  id: LeafId;
  role: Role;
  leaf?: string;
  tracks: Track[];
  connected: boolean;
}
export interface LobbyGuest {
  id: LeafId;
  leaf?: string;
}
export interface Flow {
  loss: number;
  rtt_ms: number;
  kbps: number;
}
export type ByeReason =
  'removed' | 'ended' | 'refused' | 'locked' | 'full' | 'draining' | 'replaced';

export type ServerMessage =
  | { t: 'challenge'; nonce: string; kex: string; pq: boolean; version: string }
  | { t: 'waiting' }
  | { t: 'welcome'; you: LeafId; role: Role; resumed: boolean; media: { udp: number } }
  | {
      t: 'roster';
      version: number;
      members: RosterMember[];
      lobby: LobbyGuest[];
      statements: string[];
    }
  | { t: 'answer'; n: number; sdp: string }
  | { t: 'key'; from: LeafId; msg: string }
  | { t: 'data'; from: LeafId; msg: string }
  | { t: 'statement'; msg: string }
  | { t: 'pong'; at: number }
  | { t: 'quality'; up: Flow; down: Flow }
  | { t: 'media'; state: 'connected' | 'failed' | 'closed'; reason?: string }
  | { t: 'error'; re: number; code: string; what: string }
  | { t: 'bye'; reason: ByeReason };

export type ClientMessage =
  | { t: 'hello'; leaf: string; classical: boolean }
  | { t: 'offer'; n: number; sdp: string; send: SendLine[]; recv: RecvLine[] }
  | { t: 'keys'; list: { to: LeafId; msg: string }[] }
  | { t: 'data'; msg: string; to?: LeafId }
  | { t: 'statement'; msg: string }
  | { t: 'view'; mid: string; height: number }
  | { t: 'leave' }
  | { t: 'ping'; at: number };

export interface SendLine {
  mid: string;
  track: Track;
}
export interface RecvLine {
  mid: string;
  member: LeafId;
  track: Track;
  /** CSS pixels at which it is shown, 0: not at all. Bounds the layer that the server sends. */
  height?: number;
}

type Fields = Record<string, unknown>;
const isObject = (v: unknown): v is Fields =>
  typeof v === 'object' && v !== null && !Array.isArray(v);
const text = (v: unknown): v is string => typeof v === 'string';
const number = (v: unknown): v is number => typeof v === 'number' && Number.isFinite(v);
const id = (v: unknown): v is LeafId => text(v) && /^[0-9a-f]{64}$/.test(v);
const oneOf = <T extends string>(v: unknown, ...names: T[]): v is T => names.includes(v as T);
const maybe = (v: unknown, test: (v: unknown) => boolean) => v === undefined || test(v);
const list = <T>(v: unknown, test: (v: unknown) => v is T): v is T[] =>
  Array.isArray(v) && v.every(test);
const track = (v: unknown): v is Track => number(v) && v >= 1 && v <= 4 && Number.isInteger(v);
const flow = (v: unknown): v is Flow =>
  isObject(v) && number(v.loss) && number(v.rtt_ms) && number(v.kbps);
const role = (v: unknown): v is Role => oneOf(v, 'host', 'cohost', 'guest');
const member = (v: unknown): v is RosterMember =>
  isObject(v) &&
  id(v.id) &&
  role(v.role) &&
  maybe(v.leaf, text) &&
  list(v.tracks, track) &&
  typeof v.connected === 'boolean';
const guest = (v: unknown): v is LobbyGuest => isObject(v) && id(v.id) && maybe(v.leaf, text);

const CHECKS: { [T in ServerMessage['t']]: (m: Fields) => boolean } = {
  challenge: (m) => text(m.nonce) && text(m.kex) && typeof m.pq === 'boolean' && text(m.version),
  waiting: () => true,
  welcome: (m) =>
    id(m.you) &&
    role(m.role) &&
    typeof m.resumed === 'boolean' &&
    isObject(m.media) &&
    number(m.media.udp),
  roster: (m) =>
    number(m.version) &&
    list(m.members, member) &&
    list(m.lobby, guest) &&
    list(m.statements, text),
  answer: (m) => number(m.n) && text(m.sdp),
  key: (m) => id(m.from) && text(m.msg),
  data: (m) => id(m.from) && text(m.msg),
  statement: (m) => text(m.msg),
  pong: (m) => number(m.at),
  quality: (m) => flow(m.up) && flow(m.down),
  media: (m) => oneOf(m.state, 'connected', 'failed', 'closed') && maybe(m.reason, text),
  error: (m) => number(m.re) && text(m.code) && text(m.what),
  bye: (m) =>
    oneOf(m.reason, 'removed', 'ended', 'refused', 'locked', 'full', 'draining', 'replaced'),
};

/**
 * One text frame of the server; null when it is not a message of signaling.md, which the caller
 * counts.
 */
export function parseServer(frame: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  if (!isObject(value) || !text(value.t) || !Object.hasOwn(CHECKS, value.t)) return null;
  if (value.t === 'roster') value = { lobby: [], statements: [], ...value };
  return CHECKS[(value as { t: ServerMessage['t'] }).t](value as Fields)
    ? (value as ServerMessage)
    : null;
}

export interface RoomInfo {
  room: string;
  open: boolean;
  locked: boolean;
  lobby: boolean;
  members: number;
}

/** The answer of GET /v1/rooms/ROOM; null when it is not one. */
export function parseRoomInfo(value: unknown): RoomInfo | null {
  if (!isObject(value) || !text(value.room) || !isRoom(value.room) || !number(value.members))
    return null;
  const { room, open, locked, lobby, members } = value;
  return { room, open: open === true, locked: locked === true, lobby: lobby === true, members };
}

// What passes between the page's client and the crypto worker.
import type { Begun, Codec, CryptoError, Device, Events, Source, Track } from './api.ts';

export interface StartOptions {
  wasmUrl: string;
}

/** Options of an RTCRtpScriptTransform: which transform this is, and what it must hold frames to. */
export interface TransformOptions {
  id: number;
  direction: 'send' | 'receive';
  track: Track;
  leafId: string; // receive: whose frames; send: ''
}

/** What the page sees on its RTCPeerConnection; id null: no transform of ours is on it. */
export interface Watched {
  senders: { id: number | null; track: Track }[];
  receivers: { id: number | null; source: Source }[];
}

/** Frames that the browser says it sent of one of our senders, since that was made. */
export interface SentCount {
  id: number;
  sent: number;
}

/** Methods that answer, by name. Arguments travel as an array. */
export interface Calls {
  start(options: StartOptions): Promise<Device>;
  begin(options: { room: string; fragment: string; name: string }): Promise<Begun>;
  [method: string]: (...args: never[]) => Promise<unknown>;
}

export type ToWorker =
  | { id: number; method: string; args: unknown[] } // answered
  | { tell: string; args: unknown[] } // not answered
  | { ping: number };

export type FromWorker =
  | { id: number; value: unknown }
  | { id: number; error: { code: CryptoError['code']; message: string } }
  | { event: keyof Events; value: unknown }
  | { pong: number };

export type CodecTable = Record<number, Codec>;

export class Refusal extends Error implements CryptoError {
  constructor(
    readonly code: CryptoError['code'],
    message: string,
  ) {
    super(message);
    this.name = 'CryptoError';
  }
}

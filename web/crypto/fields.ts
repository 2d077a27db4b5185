// Fields of the server's messages (signaling.md §3), checked for form and bounds. What does not fit
// is refused as malformed.
import { fromBase64url, fromHex, type Bytes } from './bytes.ts';
import type { ShownMember } from './core.ts';
import { Refusal } from './wire.ts';

export interface Json {
  [key: string]: unknown;
}

export function idOf(value: unknown): Bytes {
  const id = fromHex(value, 32);
  if (!id) throw new Refusal('malformed', 'an id is not 64 hex digits');
  return id;
}
export function bytesOf(value: unknown, min: number, max: number): Bytes {
  const bytes = fromBase64url(value, max);
  if (!bytes || bytes.length < min || bytes.length > max)
    throw new Refusal('malformed', 'a field is not base64url of the right size');
  return bytes;
}
export function listOf(value: unknown, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max)
    throw new Refusal('malformed', 'a list is none, or too long');
  return value;
}
export function shownMember(value: unknown): ShownMember {
  const m = value as Json;
  return {
    id: idOf(m.id),
    leaf: m.leaf === undefined ? new Uint8Array(0) : bytesOf(m.leaf, 0, 8192),
    tracks: listOf(m.tracks ?? [], 8).map(Number).filter((t) => t >= 1 && t <= 4),
    connected: m.connected !== false,
  };
}

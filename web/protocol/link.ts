// The invite link, e2ee.md §2: `https://HOST/r/ROOM#FRAGMENT`. The fragment never reaches the
// server.
import { fromBase64Url, toBase64Url, toHex } from './bytes.ts';

export interface Link {
  /** Twelve characters with hyphens every four: `abcd-efgh-jkmn`. */
  readonly room: string;
  readonly fragment: string;
  readonly lobby: boolean;
  /** Fingerprint of the host's device key, hex. */
  readonly host: string;
}

const FRAGMENT_BYTES = 66;
const ROOM = /^[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}-[0-9a-hjkmnp-tv-z]{4}$/;

export function isRoom(text: string): boolean {
  return ROOM.test(text);
}

/** Null when the fragment is not version 1, or sets a flag that has no meaning. */
export function parseFragment(room: string, fragment: string): Link | null {
  const bytes = fromBase64Url(fragment);
  if (!isRoom(room) || bytes?.length !== FRAGMENT_BYTES || bytes[0] !== 1 || bytes[1]! > 1)
    return null;
  return { room, fragment, lobby: bytes[1] === 1, host: toHex(bytes.subarray(34)) };
}

/** A new link's fragment: the room's secret is drawn here and lives in the link alone. */
export function makeFragment(host: Uint8Array, lobby: boolean, secret: Uint8Array): string {
  const bytes = new Uint8Array(FRAGMENT_BYTES);
  bytes.set([1, lobby ? 1 : 0]);
  bytes.set(secret, 2);
  bytes.set(host, 34);
  return toBase64Url(bytes);
}

/** Reads a pasted invite: a whole link, or its part from `/r/` on. Null when it is none. */
export function parseInvite(text: string): Link | null {
  const match = /\/r\/([^/#?]+)\/?(?:\?[^#]*)?#([A-Za-z0-9_-]+)$/.exec(text.trim());
  return match ? parseFragment(match[1]!.toLowerCase(), match[2]!) : null;
}

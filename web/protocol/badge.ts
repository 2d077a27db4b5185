// The badge in words. Its state is computed by the crypto worker alone; here it becomes sentences.
// Pure.

export type BadgeColour = 'green' | 'outline' | 'amber' | 'grey';
export interface BadgeReason {
  code: string;
  who: string | null;
  track: number | null;
}

export const BADGE_TITLE: Record<BadgeColour, string> = {
  green: 'PQ-E2E verified',
  outline: 'PQ-E2E',
  amber: 'Not secure',
  grey: 'No call yet',
};

export const BADGE_MEANING: Record<BadgeColour, string> = {
  green: 'End-to-end encrypted with post-quantum keys, and you compared codes with everyone here.',
  outline:
    'End-to-end encrypted with post-quantum keys. You have not compared codes with everyone yet.',
  amber: 'Something is not as it must be for a private call.',
  grey: 'Encryption begins when somebody else is in the call.',
};

const TRACKS: Record<number, string> = {
  1: 'microphone',
  2: 'camera',
  3: 'screen',
  4: 'screen sound',
};

const SENTENCES: Record<string, (who: string, what: string) => string> = {
  intruder: (who) => `The server shows ${who}, who may not be here. No key was given.`,
  'key-changed': (who) => `${who} has another device key than before. Compare codes.`,
  'roster-disagrees': (who) => `${who} sees other people in this call than you do.`,
  'epoch-behind': (who) => `${who} is not on the current keys.`,
  silent: (who) => `Nothing encrypted has come from ${who} for a while.`,
  'key-refused': (who) => `A key from ${who} failed its checks and was refused.`,
  'frame-forged': (who, what) => `Data that claims to be ${who}’s${what} does not decrypt.`,
  'frame-replayed': (who, what) => `Old data of ${who}’s${what} was sent again.`,
  'frame-wrong-track': (who, what) => `Data of another source came as ${who}’s${what}.`,
  'frame-plaintext': (who, what) =>
    `Data came as ${who}’s${what} without encryption. It was not shown.`,
  'sender-unprotected': (_, what) => `Your own${what} has no live encryption.`,
  'receiver-unprotected': (who, what) => `${who}’s${what} has no live decryption.`,
  'worker-dead': () => 'The part of this page that encrypts has stopped.',
  'call-not-started': () => 'Nobody else is here yet.',
  reconnecting: () => 'Reconnecting. What you see may be old.',
};

/** One reason as a sentence; `name` gives a member's name. */
export function sentence(reason: BadgeReason, name: (id: string) => string): string {
  const who = reason.who ? name(reason.who) : 'somebody';
  const what = reason.track ? ` ${TRACKS[reason.track] ?? 'track'}` : '';
  const make = SENTENCES[reason.code];
  const text = make ? make(who, what) : `An unknown check failed (${reason.code}).`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const SHORT: Record<string, string> = {
  intruder: 'Unknown person',
  'key-changed': 'Key changed',
  'roster-disagrees': 'Lists differ',
  'epoch-behind': 'Changing keys',
  silent: 'Somebody silent',
  'key-refused': 'Key refused',
  'frame-forged': 'Forged data',
  'frame-replayed': 'Replayed data',
  'frame-wrong-track': 'Swapped data',
  'frame-plaintext': 'Unencrypted data',
  'sender-unprotected': 'Sending unprotected',
  'receiver-unprotected': 'Receiving unprotected',
  'worker-dead': 'Encryption stopped',
  reconnecting: 'Reconnecting',
};

/** What the badge itself says: two or three words. */
export function badgeLabel(state: BadgeColour, reasons: readonly BadgeReason[]): string {
  const code = reasons[0]?.code;
  if (state === 'amber') return (code && SHORT[code]) ?? BADGE_TITLE.amber;
  if (state === 'grey' && code === 'reconnecting') return SHORT.reconnecting!;
  return BADGE_TITLE[state];
}

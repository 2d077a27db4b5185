// Which remote tracks should be received, and what that changes. Pure.
import { TRACK, type LeafId, type RosterMember, type Track } from './messages.ts';

export interface Want {
  member: LeafId;
  track: Track;
}

export const wantKey = (w: Want): string => `${w.member}/${w.track}`;
export const kindOf = (track: Track): 'audio' | 'video' =>
  track === TRACK.audio || track === TRACK.screenAudio ? 'audio' : 'video';

/**
 * The tracks of every member that the keys' side accepted, but one's own. An intruder's are never
 * asked for.
 */
export function wanted(
  members: readonly RosterMember[],
  accepted: ReadonlySet<LeafId>,
  me: LeafId,
): Want[] {
  return members
    .filter((m) => m.id !== me && accepted.has(m.id))
    .flatMap((m) => m.tracks.map((track) => ({ member: m.id, track })));
}

/** What to open and what to close to come from `have` to `want`. */
export function difference(
  have: Iterable<string>,
  want: readonly Want[],
): { open: Want[]; close: string[] } {
  const now = new Set(have);
  const then = new Map(want.map((w) => [wantKey(w), w]));
  return {
    open: [...then].filter(([key]) => !now.has(key)).map(([, w]) => w),
    close: [...now].filter((key) => !then.has(key)),
  };
}

// Which tiles there are and in which order. Pure.
import { TRACK, type LeafId, type Track } from './messages.ts';

export interface TilePerson {
  leafId: LeafId;
  self: boolean;
  accepted: boolean;
  name: string;
  hand: boolean;
  muted: readonly Track[];
  tracks: readonly Track[];
  connected: boolean;
}
export interface Tile {
  /** Stable over the call: `LEAF/2` for a person, `LEAF/3` for a screen. */
  readonly key: string;
  readonly kind: 'person' | 'screen';
  readonly leafId: LeafId;
  readonly self: boolean;
  readonly name: string;
  readonly hand: boolean;
  readonly micOff: boolean;
  readonly cameraOff: boolean;
  readonly away: boolean;
  readonly intruder: boolean;
}

export const personKey = (id: LeafId): string => `${id}/${TRACK.camera}`;
export const screenKey = (id: LeafId): string => `${id}/${TRACK.screen}`;

/**
 * People, oneself last; before them the screens that are shared. One's own screen only where one
 * alone shares.
 */
export function tilesOf(people: readonly TilePerson[], ownScreen: boolean): Tile[] {
  const others = people.filter((p) => !p.self);
  const self = people.filter((p) => p.self);
  const tile = (p: TilePerson, kind: Tile['kind']): Tile => ({
    key: kind === 'person' ? personKey(p.leafId) : screenKey(p.leafId),
    kind,
    leafId: p.leafId,
    self: p.self,
    name: p.name,
    hand: p.hand,
    micOff: p.muted.includes(TRACK.audio) || !(p.self || p.tracks.includes(TRACK.audio)),
    cameraOff: p.muted.includes(TRACK.camera) || !(p.self || p.tracks.includes(TRACK.camera)),
    away: !p.self && !p.connected,
    intruder: !p.accepted,
  });
  const screens = others
    .filter((p) => p.accepted && p.tracks.includes(TRACK.screen))
    .map((p) => tile(p, 'screen'));
  const mine = ownScreen && !screens.length ? self.map((p) => tile(p, 'screen')) : [];
  return [
    ...screens,
    ...mine,
    ...others.map((p) => tile(p, 'person')),
    ...self.map((p) => tile(p, 'person')),
  ];
}

export interface Focus {
  mode: 'grid' | 'speaker';
  pinned: string | null;
  stage: LeafId | null;
}

/**
 * The tile that has the stage, null for a plain grid: the pinned one, else a screen, else the
 * speaker's.
 */
export function focusOf(tiles: readonly Tile[], focus: Focus): string | null {
  const has = (key: string | null) => key !== null && tiles.some((t) => t.key === key);
  if (has(focus.pinned)) return focus.pinned;
  const screen = tiles.find((t) => t.kind === 'screen');
  if (screen) return screen.key;
  if (focus.mode !== 'speaker' || tiles.length < 2) return null;
  const speaker = focus.stage ? personKey(focus.stage) : null;
  if (has(speaker)) return speaker;
  return tiles.find((t) => !t.self)?.key ?? null;
}

/**
 * Who must be seen first when not all fit: the focus, then hands, then those who speak, then the
 * rest.
 */
export function ordered(
  tiles: readonly Tile[],
  focus: string | null,
  speaking: ReadonlySet<LeafId>,
  room: number,
): Tile[] {
  const rank = (t: Tile) =>
    t.key === focus
      ? 0
      : t.kind === 'screen'
        ? 1
        : t.hand
          ? 2
          : speaking.has(t.leafId)
            ? 3
            : t.self
              ? 5
              : 4;
  if (tiles.length <= room)
    return focus
      ? [...tiles].sort((a, b) => Number(b.key === focus) - Number(a.key === focus))
      : [...tiles];
  return [...tiles].sort((a, b) => rank(a) - rank(b));
}

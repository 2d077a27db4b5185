// The tiles: one element a person or screen for as long as it is there, moved about by layout
// alone, so that no picture restarts because another came or went.
import { TRACK } from '../protocol/messages.ts';
import { gridLayout, stageLayout, type Box } from '../protocol/layout.ts';
import { focusOf, ordered, tilesOf, type Tile } from '../protocol/tiles.ts';
import { computed, effect, onCleanup, signal, type Read } from '../protocol/signal.ts';
import type { CallModel } from '../rtc/model.ts';
import { avatar, iconButton } from './bits.ts';
import { each, h } from './h.ts';
import { icon } from './icons.ts';
import { pref } from './prefs.ts';

export interface StageView {
  mode: Read<'grid' | 'speaker'>;
  pinned: Read<string | null>;
  pin(key: string | null): void;
}

const EDGE_OUT = -4000;

export function stage(call: CallModel, view: StageView): HTMLElement {
  const box = signal<Box>(
    { width: 0, height: 0 },
    (a, b) => a.width === b.width && a.height === b.height,
  );
  const tiles = computed(() => tilesOf(call.participants(), call.screen().on));
  const focus = computed(() =>
    focusOf(tiles(), { mode: view.mode(), pinned: view.pinned(), stage: call.stage() }),
  );
  const placing = computed(() => {
    const main = focus();
    const count = tiles().length;
    const { rects, hidden } = main ? stageLayout(box(), count) : gridLayout(box(), count);
    const list = ordered(tiles(), main, call.speaking(), rects.length);
    return {
      places: new Map(list.slice(0, rects.length).map((t, i) => [t.key, rects[i]!])),
      hidden,
    };
  });
  effect(() => {
    const heights = new Map<string, number>();
    for (const [key, rect] of placing().places) heights.set(key, Math.round(rect.height));
    call.show(heights);
  });
  const field = h(
    'div',
    { class: () => `tiles ${focus() ? 'focused' : ''}`, 'data-testid': 'tiles' },
    each(
      tiles,
      (t) => t.key,
      (item) => tileElement(call, view, item, { placing, focus }),
    ),
  );
  const watch = new ResizeObserver(([entry]) => {
    if (entry)
      box.set({
        width: Math.floor(entry.contentRect.width),
        height: Math.floor(entry.contentRect.height),
      });
  });
  watch.observe(field);
  onCleanup(() => watch.disconnect());
  return h(
    'div',
    { class: 'stage' },
    field,
    () =>
      placing().hidden ? h('p', { class: 'more-people' }, `and ${placing().hidden} more`) : null,
    sounds(call),
  );
}

interface Where {
  placing: Read<{ places: Map<string, { x: number; y: number; width: number; height: number }> }>;
  focus: Read<string | null>;
}

function tileElement(call: CallModel, view: StageView, item: Read<Tile>, where: Where): Element {
  const { key, kind, self } = item.peek();
  const picture = kind === 'person' ? TRACK.camera : TRACK.screen;
  const stream = computed(() => {
    const t = item();
    if (!self) return call.streams().get(`${t.leafId}/${picture}`) ?? null;
    const track =
      kind === 'screen' ? call.screenTrack() : call.cameraOn() ? call.devices.video() : null;
    return track ? new MediaStream([track]) : null;
  });
  const live = signal(false);
  const small = signal(false);
  const shown = computed(
    () => live() && (kind === 'screen' || !item().cameraOff) && !item().intruder,
  );
  const video = h('video', {
    autoplay: true,
    playsinline: true,
    muted: true,
    disablepictureinpicture: kind === 'person',
    class: () =>
      `${self && kind === 'person' && pref('mirror')() ? 'mirrored' : ''} ${shown() ? '' : 'hidden'}`,
    onloadeddata: () => live.set(true),
    onemptied: () => live.set(false),
    'aria-label': () =>
      kind === 'screen' ? `Screen of ${item().name}` : `Picture of ${item().name}`,
  });
  effect(() => {
    live.set(false);
    video.srcObject = stream();
    if (stream()) void video.play().catch(() => undefined);
  });
  const speaking = computed(() => kind === 'person' && call.speaking().has(item().leafId));
  const pinned = () => view.pinned() === key;
  const element = h(
    'div',
    {
      class: () =>
        [
          'tile',
          kind,
          shown() ? 'has-picture' : '',
          speaking() ? 'speaking' : '',
          item().away ? 'away' : '',
          where.focus() === key ? 'main' : '',
          small() ? 'small' : '',
        ].join(' '),
      role: 'group',
      'aria-label': () => describe(item()),
      'data-testid': 'tile',
      'data-leaf': item.peek().leafId,
      'data-kind': kind,
      'data-self': String(self),
      'data-live': () => String(shown()),
      ondblclick: () => view.pin(pinned() ? null : key),
    },
    video,
    () =>
      shown()
        ? null
        : h(
            'div',
            { class: 'tile-face' },
            kind === 'screen'
              ? icon('screen', 44)
              : avatar(
                  () => item().name,
                  () => item().leafId,
                ),
          ),
    h('div', { class: 'tile-top' }, () =>
      item().hand && kind === 'person'
        ? h(
            'span',
            { class: 'tile-hand' },
            icon('hand', 18),
            h('span', { class: 'visually-hidden' }, 'Hand raised'),
          )
        : null,
    ),
    h(
      'div',
      { class: 'tile-label' },
      () =>
        kind === 'screen'
          ? icon('screen', 16)
          : item().micOff
            ? icon('micOff', 16)
            : speaking()
              ? icon('volume', 16)
              : null,
      h('span', { class: 'tile-name' }, () => label(item())),
      () =>
        item().away
          ? h('span', { class: 'tile-note' }, 'reconnecting')
          : item().intruder
            ? h('span', { class: 'tile-note warn' }, 'not admitted')
            : null,
    ),
    iconButton(
      'pin',
      () => (pinned() ? 'Unpin' : 'Pin to the stage'),
      () => view.pin(pinned() ? null : key),
      { class: () => `tile-pin ${pinned() ? 'on' : ''}`, 'aria-pressed': pinned },
    ),
  );
  effect(() => {
    const rect = where.placing().places.get(key);
    element.toggleAttribute('inert', !rect);
    const style = element.style;
    style.setProperty(
      'transform',
      rect ? `translate(${rect.x}px, ${rect.y}px)` : `translate(${EDGE_OUT}px, 0)`,
    );
    if (!rect) return;
    style.setProperty('width', `${rect.width}px`);
    style.setProperty('height', `${rect.height}px`);
    small.set(rect.width < 230);
    element.style.setProperty(
      '--face',
      `${Math.round(Math.min(rect.width, rect.height) * 0.36)}px`,
    );
  });
  return element;
}

const label = (t: Tile) =>
  t.self
    ? t.kind === 'screen'
      ? 'Your screen'
      : 'You'
    : t.kind === 'screen'
      ? `${t.name || 'Somebody'}’s screen`
      : t.name || 'Somebody';

function describe(t: Tile): string {
  const facts = [label(t)];
  if (t.kind === 'person') {
    if (t.micOff) facts.push('microphone off');
    if (t.cameraOff) facts.push('camera off');
    if (t.hand) facts.push('hand raised');
  }
  if (t.away) facts.push('reconnecting');
  return facts.join(', ');
}

// Sound has elements of its own: it must go on for people whose tile is not shown.
function sounds(call: CallModel): HTMLElement {
  const blocked = signal(false);
  const all = () =>
    [...call.streams()].filter(
      ([key]) => key.endsWith(`/${TRACK.audio}`) || key.endsWith(`/${TRACK.screenAudio}`),
    );
  const players = new Set<HTMLAudioElement>();
  const play = (a: HTMLAudioElement) =>
    a.play().then(
      () => blocked.set(false),
      (e: unknown) =>
        e instanceof DOMException && e.name === 'NotAllowedError' && blocked.set(true),
    );
  const list = h(
    'div',
    { class: 'sounds', 'aria-hidden': 'true' },
    each(
      all,
      ([key]) => key,
      (item) => {
        const audio = h('audio', { autoplay: true });
        players.add(audio);
        onCleanup(() => players.delete(audio));
        effect(() => {
          audio.srcObject = item()[1];
          void play(audio);
        });
        effect(() => {
          const id = pref('speaker')();
          if ('setSinkId' in audio) void audio.setSinkId(id).catch(() => undefined);
        });
        return audio;
      },
    ),
  );
  return h('div', null, list, () =>
    blocked()
      ? h(
          'button',
          {
            type: 'button',
            class: 'button primary unblock',
            onclick: () => players.forEach((a) => void play(a)),
          },
          icon('volume', 20),
          'Turn the sound on',
        )
      : null,
  );
}

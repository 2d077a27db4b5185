// Before the call: look at yourself, hear that the microphone works, choose devices and a name.
import type { LinkInfo } from '../crypto/api.ts';
import type { RoomInfo } from '../protocol/messages.ts';
import { effect, onCleanup, signal } from '../protocol/signal.ts';
import { meter, TROUBLE, type DeviceKind, type Devices } from '../rtc/devices.ts';
import { avatar, iconButton, levelBar, select } from './bits.ts';
import { h, type Child } from './h.ts';
import { icon, mark } from './icons.ts';
import { pref, prefs, setPref } from './prefs.ts';

export interface PrejoinOptions {
  room: string;
  devices: Devices;
  info: () => RoomInfo | null;
  link: () => LinkInfo | null;
  /** Why one cannot join, in words; '' when one can. */
  blocked: () => string;
  join(): Promise<void>;
  home(): void;
}

export const NAME_BYTES = 128;

export function deviceSelects(devices: Devices, changed: (kind: DeviceKind) => void): Child {
  const list = (all: MediaDeviceInfo[], word: string) =>
    all.map((d, i) => ({ value: d.deviceId, label: d.label || `${word} ${i + 1}` }));
  const used = (track: MediaStreamTrack | null, wish: string) =>
    track?.getSettings().deviceId ?? wish;
  return [
    select(
      'Microphone',
      () => list(devices.microphones(), 'Microphone'),
      () => used(devices.audio(), prefs.microphone),
      (id) => {
        setPref('microphone', id);
        changed('audio');
      },
      { 'data-testid': 'microphones' },
    ),
    select(
      'Camera',
      () => list(devices.cameras(), 'Camera'),
      () => used(devices.video(), prefs.camera),
      (id) => {
        setPref('camera', id);
        changed('video');
      },
      { 'data-testid': 'cameras' },
    ),
  ];
}

function preview(devices: Devices, cameraOn: () => boolean): HTMLElement {
  const live = () => cameraOn() && devices.video() !== null;
  const video = h('video', {
    autoplay: true,
    playsinline: true,
    muted: true,
    class: () => `${pref('mirror')() ? 'mirrored' : ''} ${live() ? '' : 'hidden'}`,
    'aria-label': 'Your camera',
  });
  effect(() => {
    const track = devices.video();
    video.srcObject = track ? new MediaStream([track]) : null;
  });
  const words = () => {
    if (devices.opening.video()) return 'Starting your camera…';
    const trouble = devices.trouble.video();
    if (!cameraOn()) return 'Your camera is off';
    return trouble ? TROUBLE[trouble]('video') : '';
  };
  return h('div', { class: 'preview-picture' }, video, () =>
    live()
      ? null
      : h(
          'div',
          { class: 'preview-off' },
          avatar(
            () => pref('name')() || '?',
            () => '3a4fd0',
          ),
          h('p', null, words),
        ),
  );
}

export function prejoinScreen(o: PrejoinOptions): HTMLElement {
  const { devices } = o;
  const level = signal(0);
  const joining = signal(false);
  const error = signal('');
  const [micOn, cameraOn] = [pref('micOn'), pref('cameraOn')];
  effect(() => {
    const track = devices.audio();
    if (!track) return level.set(0);
    onCleanup(meter(track, (v) => level.set(v)));
  });
  effect(() => {
    const track = devices.audio();
    if (track) track.enabled = micOn();
  });
  const flip = (kind: DeviceKind) => {
    const key = kind === 'audio' ? 'micOn' : 'cameraOn';
    const slot = kind === 'audio' ? devices.audio : devices.video;
    const on = !(prefs[key] && slot.peek());
    setPref(key, on);
    if (on && !slot.peek()) void devices.open(kind);
    if (!on && kind === 'video') devices.stop('video');
  };
  const name = h('input', {
    type: 'text',
    id: 'name',
    autocomplete: 'name',
    maxlength: 64,
    value: prefs.name,
    placeholder: 'How others see you',
    'data-testid': 'name',
    oninput: () => setPref('name', name.value),
  });
  const join = async (e: Event) => {
    e.preventDefault();
    const text = name.value.trim();
    if (!text) {
      error.set('Please give a name, so that others know who you are.');
      return name.focus();
    }
    if (new TextEncoder().encode(text).length > NAME_BYTES)
      return error.set('That name is too long.');
    setPref('name', text);
    joining.set(true);
    error.set('');
    try {
      await o.join();
    } catch (problem) {
      error.set(
        problem instanceof Error && problem.message ? problem.message : 'Joining did not work.',
      );
      joining.set(false);
    }
  };
  const micLive = () => micOn() && devices.audio() !== null;
  const cameraLive = () => cameraOn() && devices.video() !== null;
  const trouble = () => {
    const t = devices.trouble.audio();
    return micOn() && t ? TROUBLE[t]('audio') : '';
  };
  const who = () => {
    const n = o.info()?.members;
    if (n === undefined) return '';
    return n === 0
      ? 'Nobody is here yet.'
      : n === 1
        ? 'One person is here.'
        : `${n} people are here.`;
  };
  return h(
    'div',
    { class: 'prejoin' },
    h(
      'header',
      { class: 'brand' },
      h(
        'button',
        {
          type: 'button',
          class: 'brand-home',
          onclick: () => o.home(),
          'aria-label': 'V100, to the start page',
        },
        mark(30),
        h('span', { class: 'wordmark' }, 'V100'),
      ),
    ),
    h(
      'main',
      { class: 'prejoin-main' },
      h(
        'section',
        { class: 'preview', 'aria-label': 'Preview' },
        preview(devices, cameraOn),
        h(
          'div',
          { class: 'preview-bar' },
          iconButton(
            () => (micLive() ? 'mic' : 'micOff'),
            () => (micLive() ? 'Turn the microphone off' : 'Turn the microphone on'),
            () => flip('audio'),
            {
              class: () => `round ${micLive() ? '' : 'off'}`,
              'aria-pressed': micLive,
              'data-testid': 'pre-mic',
            },
          ),
          iconButton(
            () => (cameraLive() ? 'camera' : 'cameraOff'),
            () => (cameraLive() ? 'Turn the camera off' : 'Turn the camera on'),
            () => flip('video'),
            {
              class: () => `round ${cameraLive() ? '' : 'off'}`,
              'aria-pressed': cameraLive,
              'data-testid': 'pre-camera',
            },
          ),
        ),
        h(
          'div',
          { class: 'preview-level' },
          icon(() => (micLive() ? 'mic' : 'micOff'), 18),
          levelBar(() => (micLive() ? level() : 0)),
        ),
        h('p', { class: 'hint', role: 'status' }, trouble),
      ),
      h(
        'form',
        { class: 'card join-card', onsubmit: (e: Event) => void join(e) },
        h('p', { class: 'eyebrow' }, o.room),
        h('h1', null, () => (o.link()?.mine ? 'Your room is ready' : 'Ready to join?')),
        h('p', { class: 'muted' }, () =>
          [who(), o.info()?.lobby && !o.link()?.mine ? 'The host lets people in.' : '']
            .filter(Boolean)
            .join(' '),
        ),
        h(
          'label',
          { class: 'field', for: 'name' },
          h('span', { class: 'field-label' }, 'Your name'),
          name,
        ),
        h(
          'div',
          { class: 'join-devices' },
          deviceSelects(
            devices,
            (kind) => void ((kind === 'audio' || prefs.cameraOn) && devices.open(kind)),
          ),
        ),
        h('p', { class: 'error', role: 'alert' }, () => error() || o.blocked()),
        h(
          'button',
          {
            type: 'submit',
            class: 'button primary big',
            'data-testid': 'join',
            disabled: () => joining() || o.blocked() !== '',
          },
          () =>
            joining()
              ? 'Joining…'
              : micLive() || cameraLive()
                ? 'Join the call'
                : 'Join to watch and listen',
        ),
        h(
          'p',
          { class: 'foot' },
          icon('lock', 16),
          h('span', null, 'Encrypted between the people in the call. Your name and chat too.'),
        ),
      ),
    ),
  );
}

/** A page with one message and a way on: wrong link, no such room, waiting, left. */
export function plainScreen(o: {
  title: Child;
  text: Child;
  actions: Child;
  art?: Child;
  testid: string;
}): HTMLElement {
  return h(
    'div',
    { class: 'plain', 'data-testid': o.testid },
    h('header', { class: 'brand' }, mark(30), h('span', { class: 'wordmark' }, 'V100')),
    h(
      'main',
      { class: 'plain-main' },
      h(
        'div',
        { class: 'card plain-card', role: 'status' },
        o.art,
        h('h1', { tabindex: -1 }, o.title),
        h('div', { class: 'muted' }, o.text),
        h('div', { class: 'actions' }, o.actions),
      ),
    ),
  );
}

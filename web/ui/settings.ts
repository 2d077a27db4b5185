// Dialogs of a call: invite, settings, shortcuts, leave.
import { effect, onCleanup, signal } from '../protocol/signal.ts';
import { LEVEL_WORDS } from '../protocol/quality.ts';
import type { Flow } from '../protocol/messages.ts';
import type { CryptoApi, Pin } from '../crypto/api.ts';
import { canChooseSpeaker, meter, TROUBLE } from '../rtc/devices.ts';
import type { CallModel } from '../rtc/model.ts';
import { button, copyButton, dialog, groups, levelBar, qrImage, select, toggle } from './bits.ts';
import { each, h, type Child } from './h.ts';
import { icon } from './icons.ts';
import { attempt } from './panels.ts';
import { deviceSelects, NAME_BYTES } from './prejoin.ts';
import { pref, prefs, setPref } from './prefs.ts';

export function inviteBody(invite: string): Child {
  return h(
    'div',
    { class: 'invite' },
    qrImage(invite, 'QR code of the invite link'),
    h(
      'p',
      { class: 'muted' },
      'Whoever holds this link can join, or ask to. The part after # is the key: send it only to those you invite.',
    ),
    h('p', { class: 'invite-link', 'data-testid': 'invite-link' }, invite),
    h(
      'div',
      { class: 'actions' },
      copyButton(() => invite, 'Copy the link', {
        class: 'button primary',
        'data-testid': 'copy-invite',
      }),
      'share' in navigator
        ? button(
            'Share…',
            () => void navigator.share({ title: 'V100 call', url: invite }).catch(() => undefined),
          )
        : null,
    ),
  );
}

export function inviteDialog(call: CallModel): void {
  dialog('Invite people', () => inviteBody(call.invite), { testid: 'invite-dialog' });
}

const SHORTCUTS: [string, string][] = [
  ['M', 'Microphone on or off'],
  ['V', 'Camera on or off'],
  ['S', 'Share your screen'],
  ['H', 'Raise or lower your hand'],
  ['C', 'Chat'],
  ['P', 'People'],
  ['E', 'Privacy and keys'],
  ['G', 'Grid or speaker view'],
  ['I', 'Invite'],
  ['Space', 'Speak while held, when muted'],
  ['Esc', 'Close what is open'],
  ['?', 'This list'],
];

export function shortcutsDialog(): void {
  dialog('Keyboard', () =>
    h(
      'dl',
      { class: 'shortcuts' },
      SHORTCUTS.map(([key, what]) =>
        h('div', null, h('dt', null, h('kbd', null, key)), h('dd', null, what)),
      ),
    ),
  );
}

export function leaveDialog(call: CallModel): void {
  dialog(
    'Leave the call?',
    (close) => [
      h(
        'p',
        { class: 'muted' },
        'You are the host. The others can go on without you, or you can end the call for everyone.',
      ),
      h(
        'div',
        { class: 'actions' },
        button('Leave', () => (close(), void call.leave()), {
          class: 'button',
          'data-testid': 'leave-only',
        }),
        button(
          'End for everyone',
          () => (
            close(),
            attempt(
              call,
              call.crypto.end().then(() => call.leave()),
            )
          ),
          { class: 'button danger', 'data-testid': 'end-all' },
        ),
      ),
    ],
    { class: 'narrow' },
  );
}

function speakerSelect(call: CallModel): Child {
  if (!canChooseSpeaker) return null;
  const list = () =>
    call.devices
      .speakers()
      .map((d, i) => ({ value: d.deviceId, label: d.label || `Loudspeaker ${i + 1}` }));
  return select('Loudspeaker', list, pref('speaker'), (id) => setPref('speaker', id), {
    'data-testid': 'speakers',
  });
}

function ownMeter(call: CallModel): Child {
  const level = signal(0);
  effect(() => {
    const track = call.devices.audio();
    if (track && call.micOn()) onCleanup(meter(track, (v) => level.set(v)));
    else level.set(0);
  });
  const words = () => {
    const t = call.devices.trouble.audio() ?? null;
    return t ? TROUBLE[t]('audio') : call.micOn() ? '' : 'Your microphone is off.';
  };
  return [
    h('div', { class: 'preview-level' }, icon('mic', 18), levelBar(level)),
    h('p', { class: 'muted' }, words),
  ];
}

function pinList(crypto: CryptoApi): Child {
  const pins = signal<Pin[]>([]);
  const load = () => void crypto.pins().then(pins.set, () => undefined);
  load();
  return h(
    'ul',
    { class: 'pins' },
    each(
      pins,
      (p) => p.fingerprint,
      (p) =>
        h(
          'li',
          null,
          h(
            'div',
            { class: 'person-words' },
            h('span', { class: 'person-name' }, () => p().name || 'Unnamed device'),
            h(
              'span',
              { class: 'person-note' },
              () =>
                `${p().confirmed ? 'codes compared' : 'seen'} · since ${new Date(p().firstSeen).toLocaleDateString()}`,
            ),
          ),
          button('Forget', () => void crypto.forget(p.peek().fingerprint).then(load, load), {
            class: 'button small',
          }),
        ),
    ),
  );
}

export function settingsDialog(call: CallModel): void {
  const sound = (key: 'noise' | 'echo' | 'gain', words: string) =>
    toggle(words, pref(key), (on) => {
      setPref(key, on);
      void call.changeDevice('audio');
    });
  dialog(
    'Settings',
    () => {
      const error = signal('');
      const name = h('input', {
        type: 'text',
        maxlength: 64,
        value: prefs.name,
        'aria-label': 'Your name',
        'data-testid': 'settings-name',
        onchange: () => {
          const text = name.value.trim();
          const bytes = new TextEncoder().encode(text).length;
          if (!text || bytes > NAME_BYTES) return error.set('A name has 1 to 128 bytes.');
          error.set('');
          setPref('name', text);
          call.setName(text);
        },
      });
      const pins = (call.crypto as Partial<CryptoApi>).pins
        ? pinList(call.crypto as CryptoApi)
        : null;
      return [
        h(
          'section',
          null,
          h('h3', null, 'You'),
          h('label', { class: 'field' }, h('span', { class: 'field-label' }, 'Your name'), name),
          h('p', { class: 'error', role: 'alert' }, error),
        ),
        h(
          'section',
          null,
          h('h3', null, 'Devices'),
          deviceSelects(call.devices, (kind) => void call.changeDevice(kind)),
          speakerSelect(call),
          toggle('Mirror my own picture', pref('mirror'), (on) => setPref('mirror', on)),
        ),
        h(
          'section',
          null,
          h('h3', null, 'Sound'),
          ownMeter(call),
          sound('noise', 'Suppress noise'),
          sound('echo', 'Cancel echo'),
          sound('gain', 'Level the loudness'),
        ),
        h(
          'section',
          null,
          h('h3', null, 'Looks and picture'),
          select(
            'Theme',
            () => [
              { value: 'auto', label: 'As the system' },
              { value: 'light', label: 'Light' },
              { value: 'dark', label: 'Dark' },
            ],
            pref('theme'),
            (v) => setPref('theme', v as 'auto'),
          ),
          select(
            'Picture format (from the next call on)',
            () => [
              { value: 'VP8', label: 'VP8' },
              { value: 'VP9', label: 'VP9' },
            ],
            pref('codec'),
            (v) => setPref('codec', v as 'VP8'),
          ),
        ),
        h(
          'section',
          null,
          h('h3', null, 'This device'),
          h(
            'p',
            { class: 'muted' },
            call.crypto.device.storage === 'webcrypto'
              ? 'Its key is kept by the browser and cannot be taken out.'
              : 'Its key is kept encrypted under a key that cannot be taken out of the browser.',
          ),
          h('code', { class: 'fingerprint' }, groups(call.crypto.device.fingerprint)),
          h('h3', null, 'Devices you know'),
          pins,
        ),
      ];
    },
    { class: 'settings', testid: 'settings' },
  );
}

const flowWords = (f: Flow | null) =>
  f
    ? `${Math.round(f.kbps)} kbit/s · ${(f.loss * 100).toFixed(1)} % lost · ${Math.round(f.rtt_ms)} ms`
    : '–';

export function qualityDialog(call: CallModel): void {
  dialog(
    'Connection',
    () => [
      h('p', { class: 'quality-words' }, () => LEVEL_WORDS[call.quality().level]),
      h(
        'dl',
        { class: 'facts-list' },
        [
          ['Received here', () => flowWords(call.quality().own)],
          ['Sent, as the server says', () => flowWords(call.quality().up)],
          ['Received, as the server says', () => flowWords(call.quality().down)],
          [
            'Sound and picture',
            () =>
              ({
                none: '–',
                connecting: 'connecting',
                connected: 'connected by UDP',
                lost: 'interrupted',
                blocked: 'no way by UDP',
              })[call.media()],
          ],
          ['Server’s UDP port', () => String(call.udpPort() || '–')],
        ].map(([name, value]) =>
          h(
            'div',
            { class: 'fact' },
            h('dt', null, name as string),
            h('dd', null, value as () => string),
          ),
        ),
      ),
    ],
    { class: 'narrow', testid: 'quality-dialog' },
  );
}

// The privacy panel: what the badge says and why, each person's keys and counters, codes to
// compare.
import { BADGE_MEANING, BADGE_TITLE, badgeLabel, sentence } from '../protocol/badge.ts';
import { computed, signal, type Read } from '../protocol/signal.ts';
import type { LeafId } from '../protocol/messages.ts';
import type { Code, Participant, ParticipantSecurity, Trust } from '../crypto/api.ts';
import type { CallModel } from '../rtc/model.ts';
import { avatar, button, groups, qrImage } from './bits.ts';
import { each, h, type Child } from './h.ts';
import { icon, type IconName } from './icons.ts';
import { attempt, panel } from './panels.ts';

const SHIELD: Record<string, IconName> = {
  green: 'shieldCheck',
  outline: 'shield',
  amber: 'shieldWarn',
  grey: 'shield',
};

export function nameOf(call: CallModel, id: string): string {
  const p = call.participants().find((x) => x.leafId === id);
  return p?.self ? 'you' : p?.name || `an unknown device (${id.slice(0, 8)})`;
}

export function badgeButton(call: CallModel, open: () => boolean, toggle: () => void): HTMLElement {
  const words = () => badgeLabel(call.badge().state, call.badge().reasons);
  return h(
    'button',
    {
      type: 'button',
      class: () => `badge badge-${call.badge().state}`,
      'data-testid': 'badge',
      'data-state': () => call.badge().state,
      'aria-expanded': open,
      'aria-controls': 'panel-privacy',
      'aria-label': () => `Encryption: ${words()}. Show details`,
      onclick: toggle,
    },
    icon(() => SHIELD[call.badge().state]!, 18),
    h('span', { role: 'status' }, words),
  );
}

const TRUST: Record<Trust, { words: string; colour: string }> = {
  self: { words: 'This device', colour: '' },
  'first-use': { words: 'Seen for the first time', colour: 'outline' },
  pinned: { words: 'Same device as before', colour: 'outline' },
  confirmed: { words: 'Codes compared', colour: 'green' },
  changed: { words: 'Key changed', colour: 'amber' },
};

function codeView(call: CallModel, p: Participant, done: () => void): HTMLElement {
  const code = signal<Code | null>(null);
  const failed = signal(false);
  call.crypto.code(p.leafId).then(code.set, () => failed.set(true));
  const name = p.name || 'the other person';
  const scanner = 'BarcodeDetector' in window;
  return h('div', { class: 'code', 'data-testid': 'code' }, () => {
    const c = code();
    if (failed()) return h('p', { class: 'error' }, 'The code could not be made.');
    if (!c) return h('p', { class: 'muted' }, 'Working…');
    return [
      h(
        'p',
        null,
        `Read these digits to ${name} by voice, or hold the QR codes side by side. ${name} must see the same.`,
      ),
      h(
        'p',
        { class: 'digits', 'data-testid': 'digits' },
        c.digits.split(' ').map((g) => h('span', null, g)),
      ),
      qrImage(c.qr, 'QR code of the digits'),
      h(
        'div',
        { class: 'actions' },
        button(
          [icon('check', 18), 'They match'],
          () => attempt(call, call.crypto.confirm(p.leafId).then(done)),
          { class: 'button primary', 'data-testid': 'match' },
        ),
        scanner
          ? button([icon('qr', 18), 'Scan'], () => void scan(call, p.leafId, done), {
              class: 'button',
            })
          : null,
        button(
          'They differ',
          () => {
            call.notify(
              `Do not trust this call: ${name} may not be who it seems. Leave, and send the link another way.`,
              'warn',
            );
            done();
          },
          { class: 'button', 'data-testid': 'differ' },
        ),
      ),
    ];
  });
}

interface Detector {
  detect(source: ImageBitmapSource): Promise<{ rawValue: string }[]>;
}

// Looks for the other's code in the camera's picture for half a minute, where the browser reads QR
// codes.
async function scan(call: CallModel, id: LeafId, done: () => void): Promise<void> {
  const detector = new (
    window as unknown as { BarcodeDetector: new (o: object) => Detector }
  ).BarcodeDetector({ formats: ['qr_code'] });
  const stream = await navigator.mediaDevices
    .getUserMedia({ video: { facingMode: 'environment' } })
    .catch(() => null);
  if (!stream) return call.notify('The camera could not be used to scan.', 'warn');
  const video = h('video', { muted: true, playsinline: true });
  video.srcObject = stream;
  await video.play().catch(() => undefined);
  call.notify('Hold the other person’s QR code before your camera.');
  for (let i = 0; i < 60; i++) {
    const found = await detector.detect(video).catch(() => []);
    for (const { rawValue } of found) {
      if (!rawValue.startsWith('v100:code:')) continue;
      stream.getTracks().forEach((t) => t.stop());
      const same = await call.crypto.scan(id, rawValue).catch(() => false);
      call.notify(
        same ? 'The codes match.' : 'That is not the code that this person should have.',
        same ? 'info' : 'warn',
      );
      if (same) done();
      return;
    }
    await new Promise((r) => setTimeout(r, 500));
  }
  stream.getTracks().forEach((t) => t.stop());
  call.notify('No code was seen.', 'warn');
}

const row = (name: string, value: Child, testid?: string) =>
  h('div', { class: 'fact' }, h('dt', null, name), h('dd', { 'data-testid': testid }, value));
const count = (n: number) => n.toLocaleString('en');

function details(s: () => ParticipantSecurity | undefined, self: boolean): HTMLElement {
  const get =
    <T>(f: (s: ParticipantSecurity) => T, none: T): (() => T) =>
    () =>
      s() ? f(s()!) : none;
  const number = (f: (s: ParticipantSecurity) => number) => get((x) => count(f(x)), '0');
  return h(
    'dl',
    { class: 'facts-list' },
    row(
      'Device fingerprint',
      h(
        'code',
        { class: 'fingerprint' },
        get((x) => groups(x.fingerprint), ''),
      ),
      'fingerprint',
    ),
    row(
      'Key exchange',
      get((x) => x.kem as string, ''),
    ),
    row(
      'Signature',
      get((x) => x.signature as string, ''),
    ),
    row(
      'Frames',
      get((x) => x.frames as string, ''),
    ),
    row(
      'Key epoch',
      number((x) => x.epoch),
      'epoch',
    ),
    self
      ? row(
          'Frames encrypted',
          number((x) => x.encrypted),
          'encrypted',
        )
      : row(
          'Frames decrypted',
          number((x) => x.decrypted),
          'decrypted',
        ),
    row(
      'Plaintext frames',
      number((x) => x.plaintext),
      'plaintext',
    ),
    self
      ? null
      : row(
          'Frames dropped',
          number((x) => x.failed),
          'failed',
        ),
  );
}

function personCard(
  call: CallModel,
  p: Read<Participant>,
  opened: Read<LeafId | null>,
): HTMLElement {
  const comparing = signal(false);
  const { leafId, self } = p.peek();
  const security = computed(() => call.badge().participants.find((s) => s.leafId === leafId));
  const trust = () =>
    p().accepted ? TRUST[p().trust] : { words: 'Not admitted', colour: 'amber' };
  const name = () => (p().self ? `${p().name || 'You'} (you)` : p().name || 'Somebody');
  const card = h(
    'li',
    {
      class: 'key-card',
      'data-testid': 'key-card',
      'data-leaf': leafId,
      'data-trust': () => p().trust,
    },
    h(
      'div',
      { class: 'person-row' },
      avatar(
        () => p().name,
        () => leafId,
      ),
      h(
        'div',
        { class: 'person-words' },
        h('span', { class: 'person-name' }, name),
        h('span', { class: () => `chip ${trust().colour}` }, () => trust().words),
      ),
    ),
    () =>
      self || !p().accepted || p().trust === 'confirmed'
        ? null
        : h(
            'div',
            { class: 'actions tight' },
            button(
              () => (comparing() ? 'Hide the code' : 'Compare codes'),
              () => comparing.update((c) => !c),
              { class: 'button small', 'aria-expanded': comparing, 'data-testid': 'compare' },
            ),
            p().trust === 'changed'
              ? button('Accept the new key', () => attempt(call, call.crypto.accept(leafId)), {
                  class: 'button small',
                  'data-testid': 'accept-key',
                })
              : null,
          ),
    () =>
      comparing() && p.peek().accepted
        ? codeView(call, p.peek(), () => comparing.set(false))
        : null,
    h(
      'details',
      { open: opened.peek() === leafId },
      h('summary', null, 'Details'),
      details(security, self),
    ),
  );
  if (opened.peek() === leafId) setTimeout(() => card.scrollIntoView({ block: 'nearest' }), 60);
  return card;
}

export function securityPanel(
  call: CallModel,
  close: () => void,
  opened: Read<LeafId | null>,
): HTMLElement {
  const state = () => call.badge().state;
  const reasons = computed(() =>
    state() === 'amber' || state() === 'grey' ? call.badge().reasons : [],
  );
  const hop = () => {
    const h0 = call.hop();
    return h0 ? `${h0.kex}${h0.pq ? '' : ' · not post-quantum'}` : 'unknown';
  };
  return panel('Privacy', 'privacy', close, [
    h(
      'section',
      { class: () => `verdict verdict-${state()}`, role: 'status' },
      icon(() => SHIELD[state()]!, 30),
      h(
        'div',
        null,
        h('h3', null, () => BADGE_TITLE[state()]),
        h('p', null, () => BADGE_MEANING[state()]),
      ),
    ),
    h(
      'ul',
      { class: 'reasons', 'data-testid': 'reasons' },
      each(
        reasons,
        (r) => `${r.code}/${r.who}/${r.track}`,
        (r) =>
          h(
            'li',
            { 'data-code': r.peek().code },
            icon('warn', 18),
            h('span', null, () => sentence(r(), (id) => nameOf(call, id))),
          ),
      ),
    ),
    h(
      'section',
      { 'aria-label': 'People and their keys' },
      h(
        'ul',
        { class: 'key-cards' },
        each(
          call.participants,
          (p) => p.leafId,
          (p) => personCard(call, p, opened),
        ),
      ),
    ),
    h(
      'section',
      { class: 'beyond', 'aria-label': 'Not proven by this page' },
      h('h3', null, 'What this page cannot prove'),
      h(
        'dl',
        { class: 'facts-list' },
        row(
          'Connection to the server',
          [hop, h('small', null, 'The server says so. Your media does not rest on it.')],
          'hop',
        ),
        row(
          'This page’s own code',
          ['Not proven yet', h('small', null, 'It came from the server, as every web page does.')],
          'integrity',
        ),
      ),
    ),
  ]);
}

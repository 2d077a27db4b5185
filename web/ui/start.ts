// The start page: make a room, or paste an invite.
import type { CryptoApi } from '../crypto/api.ts';
import { parseInvite } from '../protocol/link.ts';
import { signal } from '../protocol/signal.ts';
import { button, toggle } from './bits.ts';
import { h, svg } from './h.ts';
import { icon, mark } from './icons.ts';

export interface StartOptions {
  crypto: () => Promise<CryptoApi>;
  go(path: string): void;
}

async function createRoom(options: StartOptions, lobby: boolean): Promise<string> {
  const crypto = await options.crypto();
  const { hostFingerprint, fragment } = await crypto.newRoom({ lobby });
  const response = await fetch('/v1/rooms', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ host: hostFingerprint, lobby }),
  });
  if (!response.ok) {
    const problem = (await response.json().catch(() => ({}))) as {
      detail?: string;
      title?: string;
    };
    throw new Error(problem.detail ?? problem.title ?? `The server said ${response.status}.`);
  }
  const { room } = (await response.json()) as { room: string };
  return `/r/${room}#${fragment}`;
}

export function startScreen(options: StartOptions): HTMLElement {
  const lobby = signal(false);
  const busy = signal(false);
  const error = signal('');
  const pasteError = signal('');
  const create = async () => {
    if (busy.peek()) return;
    busy.set(true);
    error.set('');
    try {
      options.go(await createRoom(options, lobby.peek()));
    } catch (e) {
      error.set(e instanceof Error && e.message ? e.message : 'The room could not be made.');
    } finally {
      busy.set(false);
    }
  };
  const input = h('input', {
    type: 'text',
    inputmode: 'url',
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'Paste an invite link',
    'aria-label': 'Invite link',
    'aria-describedby': 'paste-error',
    'data-testid': 'paste',
    oninput: () => pasteError.set(''),
  });
  const join = (e: Event) => {
    e.preventDefault();
    const link = parseInvite(input.value);
    if (link) options.go(`/r/${link.room}#${link.fragment}`);
    else
      pasteError.set(
        input.value.trim()
          ? 'That is not a whole invite. Copy all of the link, also what comes after the #.'
          : 'Paste the link that you were sent.',
      );
  };
  return h(
    'div',
    { class: 'start' },
    h('header', { class: 'brand' }, mark(34), h('span', { class: 'wordmark' }, 'V100')),
    h(
      'main',
      { class: 'start-main' },
      h(
        'section',
        { class: 'start-words' },
        h('h1', null, 'A call that only the people in it can open.'),
        h(
          'p',
          { class: 'lead' },
          'Sound and picture are sealed in your browser with keys made to outlast quantum computers. The server between you carries what it cannot read.',
        ),
        h(
          'div',
          { class: 'card start-card' },
          toggle(
            [
              'Ask me before anyone joins',
              h('small', null, 'Guests wait in a lobby until you let them in'),
            ],
            lobby,
            (on) => lobby.set(on),
            { 'data-testid': 'lobby' },
          ),
          button(
            [icon('plus', 20), () => (busy() ? 'Making a room…' : 'Start a call')],
            () => void create(),
            { class: 'button primary big', 'data-testid': 'create', disabled: busy },
          ),
          h('p', { class: 'error', role: 'alert' }, error),
          h('div', { class: 'or', 'aria-hidden': 'true' }, h('span', null, 'or')),
          h(
            'form',
            { class: 'paste', onsubmit: join },
            input,
            h('button', { type: 'submit', class: 'button' }, 'Join'),
          ),
          h('p', { class: 'error', role: 'alert', id: 'paste-error' }, pasteError),
        ),
        h(
          'ul',
          { class: 'facts' },
          h(
            'li',
            null,
            icon('lock', 18),
            h('span', null, h('b', null, 'X-Wing keys'), ' · ML-KEM-768 with X25519'),
          ),
          h(
            'li',
            null,
            icon('shieldCheck', 18),
            h('span', null, h('b', null, 'ML-DSA-65'), ' signs every device and message'),
          ),
          h(
            'li',
            null,
            icon('link', 18),
            h(
              'span',
              null,
              h('b', null, 'The link is the invite'),
              ' · its secret never reaches the server',
            ),
          ),
        ),
      ),
      lattice(),
    ),
  );
}

// A lattice with its short basis: the problem that the keys rest on, drawn.
function lattice(): SVGElement {
  const parts: SVGElement[] = [];
  for (let i = -9; i <= 9; i++) {
    for (let j = -9; j <= 9; j++) {
      const x = 260 + i * 66 + j * 25;
      const y = 260 + i * -17 + j * 60;
      const far = Math.hypot(x - 260, y - 260);
      if (far > 250) continue;
      parts.push(svg('circle', { cx: x, cy: y, r: (5 - far / 75).toFixed(2), class: 'dot' }));
    }
  }
  const line = (x: number, y: number, c: string) =>
    svg('path', { d: `M260 260 L${260 + x} ${260 + y}`, class: c });
  parts.push(
    svg('path', { d: 'M260 260 l66 -17 l25 60 l-66 17 z', class: 'cell' }),
    line(66, -17, 'basis'),
    line(25, 60, 'basis two'),
    svg('circle', { cx: 326, cy: 243, r: 6, class: 'end' }),
    svg('circle', { cx: 285, cy: 320, r: 6, class: 'end two' }),
    svg('circle', { cx: 260, cy: 260, r: 7, class: 'origin' }),
  );
  return svg('svg', { viewBox: '0 0 520 520', class: 'lattice', 'aria-hidden': 'true' }, ...parts);
}

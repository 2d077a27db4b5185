// What lies over the call: banners, whoever knocks, the invitation while one is alone, notices.
import { computed, signal } from '../protocol/signal.ts';
import type { CallModel } from '../rtc/model.ts';
import { button, copyButton, iconButton, qrImage } from './bits.ts';
import { each, h, type Child } from './h.ts';
import { icon, type IconName } from './icons.ts';
import { attempt } from './panels.ts';

export type PanelName = 'chat' | 'people' | 'privacy';

/** What the parts of the call screen share. */
export interface Act {
  call: CallModel;
  show(name: PanelName): void;
  leave(): void;
  share(): void;
  canShare: boolean;
  open: { (): PanelName | null; peek(): PanelName | null };
  mode: { (): 'grid' | 'speaker'; set(mode: 'grid' | 'speaker'): void; peek(): 'grid' | 'speaker' };
  menu: { (): boolean; set(open: boolean): void; peek(): boolean };
  unread(): number;
}

// What stands above the call while something is wrong; said once to those who listen.
export function banners(call: CallModel): HTMLElement {
  const text = (): { words: string; kind: string } | null => {
    if (call.reconnecting())
      return { words: 'The connection to the server was lost. Reconnecting…', kind: 'warn' };
    const media = call.media();
    if (media === 'blocked')
      return {
        words: `Sound and picture cannot get through: this network seems to block UDP${call.udpPort() ? ` (port ${call.udpPort()})` : ''}. Chat works. Try another network, or ask whoever runs this one.`,
        kind: 'warn',
      };
    if (media === 'lost')
      return { words: 'Sound and picture were interrupted. Reconnecting…', kind: 'warn' };
    if (call.hop()?.pq === false)
      return {
        words:
          'Your connection to the server is not post-quantum. Sound, picture and chat are, end to end.',
        kind: 'info',
      };
    return null;
  };
  const now = computed(() => JSON.stringify(text()));
  return h('div', { class: 'banners', role: 'status', 'data-testid': 'banner' }, () => {
    const t = JSON.parse(now()) as ReturnType<typeof text>;
    return t ? banner(t.kind, t.kind === 'warn' ? 'warn' : 'info', t.words) : null;
  });
}

const banner = (kind: string, name: IconName, words: Child, actions?: Child): HTMLElement =>
  h('div', { class: `banner ${kind}` }, icon(name, 18), h('span', null, words), actions);

// Whoever knocks is shown to the host at once, with the two answers.
export function knocking(act: Act): HTMLElement {
  const { call } = act;
  const first = computed(() =>
    call.role() !== 'guest' && act.open() !== 'people' ? (call.lobby()[0] ?? null) : null,
  );
  const key = computed(() => `${first()?.leafId}/${first()?.name}/${call.lobby().length}`);
  return h('div', { class: 'banners', role: 'status', 'data-testid': 'knocking' }, () => {
    key();
    const guest = first.peek();
    if (!guest) return null;
    const more = call.lobby.peek().length - 1;
    const words = `${guest.name || 'Somebody'} asks to join${more ? `, and ${more} more` : ''}`;
    const answer = (what: Promise<void>) => attempt(call, what);
    return banner('knock', 'hand', words, [
      more
        ? button('See all', () => act.show('people'), { class: 'button small' })
        : button('Refuse', () => answer(call.crypto.remove(guest.leafId)), {
            class: 'button small',
            'data-testid': 'knock-refuse',
          }),
      button('Let in', () => answer(call.crypto.admit(guest.leafId)), {
        class: 'button small primary',
        disabled: !guest.invited,
        'data-testid': 'knock-admit',
      }),
    ]);
  });
}

export function alone(call: CallModel): Child {
  const isAlone = computed(() => call.participants().length <= 1);
  const hidden = signal(false);
  return () =>
    isAlone() && !hidden()
      ? h(
          'div',
          { class: 'alone card', 'data-testid': 'alone' },
          iconButton('close', 'Close', () => hidden.set(true), { class: 'icon-button quiet' }),
          h('h2', null, 'You are the only one here'),
          h(
            'p',
            { class: 'muted' },
            'Send the link to those you want to meet. It is the key, too.',
          ),
          h(
            'div',
            { class: 'alone-row' },
            qrImage(call.invite, 'QR code of the invite link'),
            h(
              'div',
              null,
              h('p', { class: 'invite-link' }, call.invite),
              copyButton(() => call.invite, 'Copy the invite', {
                class: 'button primary',
                'data-testid': 'copy-alone',
              }),
            ),
          ),
        )
      : null;
}

export function notices(call: CallModel): HTMLElement {
  return h(
    'div',
    { class: 'notices', role: 'status', 'data-testid': 'notices' },
    each(
      call.notices,
      (n) => String(n.id),
      (n) =>
        h(
          'div',
          { class: `notice ${n.peek().kind}` },
          icon(n.peek().kind, 20),
          h('span', null, n.peek().text),
          iconButton('close', 'Dismiss', () => call.dismiss(n.peek().id), {
            class: 'icon-button quiet',
          }),
        ),
    ),
  );
}

// The call screen: top bar, stage, dock, one side panel, notices; and the keyboard.
import { computed, effect, onCleanup, signal, untracked } from '../protocol/signal.ts';
import type { LeafId } from '../protocol/messages.ts';
import { LEVEL_WORDS } from '../protocol/quality.ts';
import { TROUBLE } from '../rtc/devices.ts';
import type { CallModel } from '../rtc/model.ts';
import { button, clock, iconButton } from './bits.ts';
import { h, type Child } from './h.ts';
import { bars, icon, mark, type IconName } from './icons.ts';
import { alone, banners, knocking, notices, type Act, type PanelName } from './overlays.ts';
import { chatPanel, peoplePanel } from './panels.ts';
import { badgeButton, securityPanel } from './security.ts';
import {
  inviteDialog,
  leaveDialog,
  qualityDialog,
  settingsDialog,
  shortcutsDialog,
} from './settings.ts';
import { stage } from './stage.ts';

export function callScreen(call: CallModel): HTMLElement {
  const open = signal<PanelName | null>(null);
  const mode = signal<'grid' | 'speaker'>('grid');
  const pinned = signal<string | null>(null);
  const menu = signal(false);
  const looked = signal<LeafId | null>(null);
  const seen = signal(0);
  let opener: HTMLElement | null = null;
  const unread = computed(() =>
    open() === 'chat'
      ? 0
      : call
          .chat()
          .slice(seen())
          .filter((m) => m.from !== call.me()).length,
  );
  effect(() => {
    if (open() === 'chat') seen.set(call.chat().length);
  });

  let told = call.chat.peek().length;
  effect(() => {
    const list = call.chat();
    const fresh = list.slice(told).filter((m) => m.from !== call.me.peek());
    told = list.length;
    const last = fresh.at(-1);
    if (last && open.peek() !== 'chat')
      call.notify(`${last.name || 'Somebody'}: ${last.text.slice(0, 120)}`, 'chat');
  });

  effect(() => {
    document.title = `${unread() ? `(${unread()}) ` : ''}V100 · ${call.room}`;
  });
  keepAwake();

  const close = () => {
    open.set(null);
    opener?.focus();
    opener = null;
  };
  const show = (name: PanelName) => {
    if (open.peek() === name) return close();
    opener = document.activeElement as HTMLElement | null;
    open.set(name);
    menu.set(false);
    requestAnimationFrame(() => {
      const side = document.getElementById(`panel-${name}`);
      (
        side?.querySelector<HTMLElement>('textarea') ?? side?.querySelector<HTMLElement>('h2')
      )?.focus();
    });
  };
  const secure = (id: LeafId) => {
    looked.set(id);
    open.set('privacy');
  };
  const leave = () =>
    call.role.peek() === 'host' && call.participants.peek().length > 1
      ? leaveDialog(call)
      : void call.leave();
  const share = () => (call.screen.peek().on ? call.stopScreen() : void call.shareScreen());
  const canShare = Boolean(navigator.mediaDevices && 'getDisplayMedia' in navigator.mediaDevices);
  const act = { call, show, leave, share, canShare, open, mode, menu, unread };
  keyboard(act, close);

  const side = () => {
    const name = open();
    return untracked(() =>
      name === 'chat'
        ? chatPanel(call, close)
        : name === 'people'
          ? peoplePanel(call, close, secure)
          : name === 'privacy'
            ? securityPanel(call, close, looked)
            : null,
    );
  };
  return h(
    'div',
    { class: () => `call ${open() ? 'with-panel' : ''}`, 'data-testid': 'call' },
    topBar(act),
    h('div', null, banners(call), knocking(act)),
    h(
      'div',
      { class: 'call-middle' },
      h(
        'main',
        { class: 'call-main', 'aria-label': 'The call' },
        stage(call, { mode, pinned, pin: pinned.set }),
        alone(call),
      ),
      side,
    ),
    dock(act),
    notices(call),
  );
}

// A phone must not fall asleep in a call. The lock ends by itself when the page is hidden.
function keepAwake(): void {
  let lock: WakeLockSentinel | null = null;
  const ask = () => {
    if (document.visibilityState !== 'visible') return;
    navigator.wakeLock?.request('screen').then(
      (l) => (lock = l),
      () => undefined,
    );
  };
  ask();
  document.addEventListener('visibilitychange', ask);
  onCleanup(() => {
    document.removeEventListener('visibilitychange', ask);
    void lock?.release();
  });
}

const flipMode = (act: Act) => act.mode.set(act.mode.peek() === 'grid' ? 'speaker' : 'grid');

function topBar(act: Act): HTMLElement {
  const { call } = act;
  const now = signal(Date.now());
  const timer = setInterval(() => now.set(Date.now()), 1000);
  onCleanup(() => clearInterval(timer));
  return h(
    'header',
    { class: 'topbar' },
    h(
      'div',
      { class: 'topbar-room' },
      mark(26),
      h('span', { class: 'room-name' }, call.room),
      h('span', { class: 'timer', role: 'timer', 'aria-label': 'Time in the call' }, () =>
        clock(now() - call.startedAt),
      ),
    ),
    badgeButton(
      call,
      () => act.open() === 'privacy',
      () => act.show('privacy'),
    ),
    h(
      'div',
      { class: 'topbar-tools' },
      () =>
        call.policy().locked
          ? h(
              'span',
              { class: 'locked', title: 'The room is locked' },
              icon('lock', 18),
              h('span', { class: 'visually-hidden' }, 'The room is locked'),
            )
          : null,
      h(
        'button',
        {
          type: 'button',
          class: 'icon-button quiet',
          'data-testid': 'quality',
          'data-level': () => call.quality().level,
          'aria-label': () => `${LEVEL_WORDS[call.quality().level]}. Show details`,
          title: () => LEVEL_WORDS[call.quality().level],
          onclick: () => qualityDialog(call),
        },
        bars(() => call.quality().level),
      ),
      iconButton(
        () => (act.mode() === 'grid' ? 'speaker' : 'grid'),
        () => (act.mode() === 'grid' ? 'Speaker view (G)' : 'Grid view (G)'),
        () => flipMode(act),
        { class: 'icon-button quiet hide-phone', 'data-testid': 'view' },
      ),
      iconButton('plus', 'Invite people (I)', () => inviteDialog(call), {
        class: 'icon-button quiet',
        'data-testid': 'invite',
      }),
    ),
  );
}

function dockButton(
  name: IconName | (() => IconName),
  label: () => string,
  onclick: () => void,
  props: Record<string, unknown> = {},
  extra?: Child,
): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'dock-button', 'aria-label': label, title: label, onclick, ...props },
    icon(name, 24),
    extra,
  );
}

function dock(act: Act): HTMLElement {
  const { call } = act;
  const off = (on: () => boolean) => () => `dock-button ${on() ? '' : 'off'}`;
  const count = () =>
    act.unread() ? h('span', { class: 'count', 'data-testid': 'unread' }, act.unread()) : null;
  const waiting = () =>
    call.role() !== 'guest' && call.lobby().length
      ? h('span', { class: 'count warm', 'data-testid': 'waiting-count' }, call.lobby().length)
      : h('span', { class: 'count quiet' }, call.participants().length);
  const micTrouble = () =>
    call.devices.trouble.audio() ? `. ${TROUBLE[call.devices.trouble.audio()!]('audio')}` : '';
  const camTrouble = () =>
    call.devices.trouble.video() ? `. ${TROUBLE[call.devices.trouble.video()!]('video')}` : '';
  return h(
    'section',
    { class: 'dock', 'aria-label': 'Call controls' },
    dockButton(
      () => (call.micOn() ? 'mic' : 'micOff'),
      () => (call.micOn() ? 'Mute (M)' : `Unmute (M)${micTrouble()}`),
      () => void call.setMic(!call.micOn.peek()),
      { class: off(call.micOn), 'aria-pressed': call.micOn, 'data-testid': 'mic' },
    ),
    dockButton(
      () => (call.cameraOn() ? 'camera' : 'cameraOff'),
      () => (call.cameraOn() ? 'Camera off (V)' : `Camera on (V)${camTrouble()}`),
      () => void call.setCamera(!call.cameraOn.peek()),
      { class: off(call.cameraOn), 'aria-pressed': call.cameraOn, 'data-testid': 'camera' },
    ),
    act.canShare
      ? dockButton(
          'screen',
          () => (call.screen().on ? 'Stop sharing (S)' : 'Share your screen (S)'),
          act.share,
          {
            class: () => `dock-button hide-phone ${call.screen().on ? 'on' : ''}`,
            'aria-pressed': () => call.screen().on,
            'data-testid': 'share',
          },
        )
      : null,
    dockButton(
      'hand',
      () => (call.hand() ? 'Lower your hand (H)' : 'Raise your hand (H)'),
      () => call.setHand(!call.hand.peek()),
      {
        class: () => `dock-button hide-phone ${call.hand() ? 'on' : ''}`,
        'aria-pressed': call.hand,
        'data-testid': 'hand',
      },
    ),
    h('span', { class: 'dock-gap', 'aria-hidden': 'true' }),
    dockButton(
      'chat',
      () => (act.unread() ? `Chat (C), ${act.unread()} unread` : 'Chat (C)'),
      () => act.show('chat'),
      {
        class: () => `dock-button ${act.open() === 'chat' ? 'on' : ''}`,
        'aria-expanded': () => act.open() === 'chat',
        'data-testid': 'chat',
      },
      count,
    ),
    dockButton(
      'people',
      () =>
        call.lobby().length && call.role() !== 'guest'
          ? `People (P), ${call.lobby().length} waiting`
          : `People (P), ${call.participants().length} in the call`,
      () => act.show('people'),
      {
        class: () => `dock-button ${act.open() === 'people' ? 'on' : ''}`,
        'aria-expanded': () => act.open() === 'people',
        'data-testid': 'people',
      },
      waiting,
    ),
    h(
      'div',
      { class: 'menu-anchor' },
      dockButton(
        'more',
        () => 'More',
        () => act.menu.set(!act.menu.peek()),
        { 'aria-haspopup': 'menu', 'aria-expanded': act.menu, 'data-testid': 'more' },
      ),
      () => (act.menu() ? untracked(() => moreMenu(act)) : null),
    ),
    dockButton('leave', () => 'Leave the call', act.leave, {
      class: 'dock-button leave',
      'data-testid': 'leave',
    }),
  );
}

function moreMenu(act: Act): HTMLElement {
  const { call } = act;
  const item = (
    name: IconName,
    words: string,
    f: () => void,
    props: Record<string, unknown> = {},
  ) =>
    button(
      [icon(name, 20), words],
      () => {
        act.menu.set(false);
        f();
      },
      { class: 'button menu-item', role: 'menuitem', ...props },
    );
  const full = () =>
    document.fullscreenElement
      ? document.exitFullscreen()
      : document.documentElement.requestFullscreen();
  const list = h(
    'div',
    { class: 'menu', role: 'menu', 'aria-label': 'More' },
    item(
      'hand',
      call.hand.peek() ? 'Lower your hand' : 'Raise your hand',
      () => call.setHand(!call.hand.peek()),
      { class: 'button menu-item only-phone' },
    ),
    act.canShare
      ? item('screen', call.screen.peek().on ? 'Stop sharing' : 'Share your screen', act.share, {
          class: 'button menu-item only-phone',
        })
      : null,
    item(
      act.mode.peek() === 'grid' ? 'speaker' : 'grid',
      act.mode.peek() === 'grid' ? 'Speaker view' : 'Grid view',
      () => flipMode(act),
    ),
    item('link', 'Invite people', () => inviteDialog(call)),
    item('shield', 'Privacy and keys', () => act.show('privacy')),
    item('settings', 'Settings', () => settingsDialog(call), { 'data-testid': 'open-settings' }),
    document.fullscreenEnabled
      ? item('full', 'Full screen', () => void full().catch(() => undefined))
      : null,
    item('keyboard', 'Keyboard', shortcutsDialog, { class: 'button menu-item hide-phone' }),
  );
  const items = () =>
    [...list.querySelectorAll<HTMLElement>('[role=menuitem]')].filter(
      (e) => e.offsetParent !== null,
    );
  list.addEventListener('keydown', (e) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    if (e.key === 'ArrowDown') all[(at + 1) % all.length]?.focus();
    else if (e.key === 'ArrowUp') all[(at - 1 + all.length) % all.length]?.focus();
    else return;
    e.preventDefault();
  });
  const outside = (e: PointerEvent) => {
    if (!(e.target as Element).closest('.menu-anchor')) act.menu.set(false);
  };
  document.addEventListener('pointerdown', outside);
  onCleanup(() => document.removeEventListener('pointerdown', outside));
  requestAnimationFrame(() => items()[0]?.focus());
  return list;
}

function keyboard(act: Act, close: () => void): void {
  const { call } = act;
  let talking = false;
  const keys: Record<string, () => void> = {
    m: () => void call.setMic(!call.micOn.peek()),
    v: () => void call.setCamera(!call.cameraOn.peek()),
    s: () => act.canShare && act.share(),
    h: () => call.setHand(!call.hand.peek()),
    c: () => act.show('chat'),
    p: () => act.show('people'),
    e: () => act.show('privacy'),
    g: () => flipMode(act),
    i: () => inviteDialog(call),
    '?': shortcutsDialog,
  };
  const typing = (e: KeyboardEvent) =>
    Boolean((e.target as Element).closest?.('input, textarea, select, dialog'));
  const down = (e: KeyboardEvent) => {
    if (e.key === 'Escape' && !document.querySelector('dialog[open]')) {
      if (act.menu.peek()) act.menu.set(false);
      else if (act.open.peek()) close();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
    if (
      e.key === ' ' &&
      !(e.target as Element).closest?.('button, summary, a') &&
      !e.repeat &&
      !call.micOn.peek()
    ) {
      talking = true;
      e.preventDefault();
      return void call.setMic(true);
    }
    const action = e.repeat ? undefined : keys[e.key.toLowerCase()];
    if (!action) return;
    e.preventDefault();
    action();
  };
  const up = (e: KeyboardEvent) => {
    if (e.key !== ' ' || !talking) return;
    talking = false;
    void call.setMic(false);
  };
  document.addEventListener('keydown', down);
  document.addEventListener('keyup', up);
  onCleanup(() => {
    document.removeEventListener('keydown', down);
    document.removeEventListener('keyup', up);
  });
}

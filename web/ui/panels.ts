// The side panels of a call: chat and people. A panel is one column on a desktop, a sheet on a
// phone.
import { TRACK, type LeafId } from '../protocol/messages.ts';
import { computed, effect, signal } from '../protocol/signal.ts';
import type { Participant } from '../crypto/api.ts';
import type { CallModel } from '../rtc/model.ts';
import { avatar, button, copyButton, iconButton, toggle } from './bits.ts';
import { each, h, type Child } from './h.ts';
import { icon } from './icons.ts';

export function panel(
  title: string,
  id: string,
  close: () => void,
  body: Child,
  foot?: Child,
): HTMLElement {
  return h(
    'aside',
    { class: 'panel', id: `panel-${id}`, 'aria-label': title, 'data-testid': `panel-${id}` },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', { tabindex: -1 }, title),
      iconButton('close', `Close ${title.toLowerCase()}`, close, { class: 'icon-button quiet' }),
    ),
    h('div', { class: 'panel-body' }, body),
    foot ? h('footer', { class: 'panel-foot' }, foot) : null,
  );
}

const CHAT_BYTES = 8000;
const time = (at: number) =>
  new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });

// Addresses in a message become links; everything else stays text.
function linked(text: string): Child[] {
  return text
    .split(/(https?:\/\/[^\s<>"']+)/)
    .map((part, i) =>
      i % 2
        ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer nofollow' }, part)
        : part,
    );
}

export function chatPanel(call: CallModel, close: () => void): HTMLElement {
  const error = signal('');
  const box = h('textarea', {
    rows: 1,
    placeholder: 'Write to everyone',
    'aria-label': 'Message',
    'data-testid': 'chat-input',
    oninput: () => grow(),
    onkeydown: (e: KeyboardEvent) => {
      if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      void send();
    },
  });
  const grow = () => {
    box.style.setProperty('height', 'auto');
    box.style.setProperty('height', `${Math.min(box.scrollHeight, 140)}px`);
  };
  const send = async () => {
    const text = box.value.trim();
    if (!text) return;
    if (new TextEncoder().encode(text).length > CHAT_BYTES)
      return error.set('That message is too long.');
    error.set('');
    box.value = '';
    grow();
    await call.say(text).catch(() => {
      box.value = text;
      error.set('The message could not be sent. Try again when the connection is back.');
    });
  };
  const rows = computed(() =>
    call.chat().map((m, i, all) => {
      const before = all[i - 1];
      return {
        ...m,
        self: m.from === call.me(),
        follows: before?.from === m.from && m.at - before.at < 120_000,
      };
    }),
  );
  const list = h(
    'ol',
    {
      class: 'chat',
      'aria-live': 'polite',
      'aria-relevant': 'additions',
      'data-testid': 'chat-list',
    },
    each(
      rows,
      (m) => `${m.from}/${m.id}`,
      (m) =>
        h(
          'li',
          { class: () => `message ${m().self ? 'mine' : ''} ${m().follows ? 'follows' : ''}` },
          h(
            'p',
            { class: 'message-head' },
            h('b', null, () => (m().self ? 'You' : m().name || 'Somebody')),
            h('time', null, () => time(m().at)),
          ),
          h('div', { class: 'bubble' }, linked(m.peek().text)),
        ),
    ),
  );
  const empty = () =>
    call.chat().length
      ? null
      : h(
          'div',
          { class: 'empty' },
          icon('chat', 34),
          h('p', null, 'No messages yet.'),
          h(
            'p',
            { class: 'muted' },
            'They are end-to-end encrypted like your voice, and gone when the call ends.',
          ),
        );
  const body = [empty, list];
  const result = panel(
    'Chat',
    'chat',
    close,
    body,
    h(
      'form',
      { class: 'chat-form', onsubmit: (e: Event) => (e.preventDefault(), void send()) },
      box,
      h(
        'button',
        {
          type: 'submit',
          class: 'icon-button send',
          'aria-label': 'Send',
          'data-testid': 'chat-send',
        },
        icon('send'),
      ),
      h('p', { class: 'error', role: 'alert' }, error),
    ),
  );
  const scroller = result.querySelector('.panel-body')!;
  effect(() => {
    const last = rows().at(-1);
    const near = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 120;
    if (near || last?.self)
      requestAnimationFrame(() => scroller.scrollTo({ top: scroller.scrollHeight }));
  });
  return result;
}

const ROLE: Record<string, string> = { host: 'Host', cohost: 'Co-host', guest: '' };

// What a host may refuse is said in a notice, not thrown away.
export function attempt(call: CallModel, what: Promise<void>): void {
  what.catch((e: unknown) =>
    call.notify(e instanceof Error && e.message ? e.message : 'That did not work.', 'warn'),
  );
}

function personRow(
  call: CallModel,
  p: () => Participant,
  open: { get: () => LeafId | null; set: (id: LeafId | null) => void },
  secure: (id: LeafId) => void,
): HTMLElement {
  const id = p().leafId;
  const name = () => p().name || 'Somebody';
  const hosting = () => call.role() !== 'guest' && !p().self;
  const menu = (): Child => [
    button([icon('shield', 18), 'Check encryption'], () => secure(id), {
      class: 'button menu-item',
    }),
    hosting() && !p().muted.includes(TRACK.audio)
      ? button(
          [icon('micOff', 18), 'Mute'],
          () => attempt(call, call.crypto.askToMute(id, TRACK.audio)),
          { class: 'button menu-item', 'data-testid': 'ask-mute' },
        )
      : null,
    hosting() && p().tracks.includes(TRACK.camera) && !p().muted.includes(TRACK.camera)
      ? button(
          [icon('cameraOff', 18), 'Turn camera off'],
          () => attempt(call, call.crypto.askToMute(id, TRACK.camera)),
          { class: 'button menu-item' },
        )
      : null,
    hosting() && p().tracks.includes(TRACK.screen)
      ? button(
          [icon('screen', 18), 'End their screen share'],
          () => attempt(call, call.crypto.askToMute(id, TRACK.screen)),
          { class: 'button menu-item' },
        )
      : null,
    call.role() === 'host' && !p().self && p().role !== 'host'
      ? button(
          [icon('crown', 18), p().role === 'cohost' ? 'Take co-host back' : 'Make co-host'],
          () => attempt(call, call.crypto.grant(id, p().role === 'cohost' ? 'guest' : 'cohost')),
          { class: 'button menu-item', 'data-testid': 'grant' },
        )
      : null,
    hosting() && p().role !== 'host'
      ? button(
          [icon('remove', 18), 'Remove from the call'],
          () => attempt(call, call.crypto.remove(id)),
          { class: 'button menu-item danger', 'data-testid': 'remove' },
        )
      : null,
  ];
  return h(
    'li',
    { class: 'person', 'data-testid': 'person', 'data-leaf': id },
    h(
      'div',
      { class: 'person-row' },
      avatar(name, () => id),
      h(
        'div',
        { class: 'person-words' },
        h('span', { class: 'person-name' }, () => (p().self ? `${name()} (you)` : name())),
        h('span', { class: 'person-note' }, () =>
          [
            ROLE[p().role],
            p().accepted ? '' : 'not admitted',
            p().connected || p().self ? '' : 'reconnecting',
          ]
            .filter(Boolean)
            .join(' · '),
        ),
      ),
      () =>
        p().hand
          ? h(
              'span',
              { class: 'hand-up', title: 'Hand raised' },
              icon('hand', 20),
              h('span', { class: 'visually-hidden' }, 'hand raised'),
            )
          : null,
      h(
        'span',
        { class: 'person-icons' },
        icon(
          () =>
            p().muted.includes(TRACK.audio) || !(p().self || p().tracks.includes(TRACK.audio))
              ? 'micOff'
              : 'mic',
          18,
        ),
      ),
      () =>
        p().self
          ? null
          : iconButton(
              'more',
              `Actions for ${name()}`,
              () => open.set(open.get() === id ? null : id),
              {
                class: 'icon-button quiet',
                'aria-expanded': () => open.get() === id,
                'data-testid': 'person-menu',
              },
            ),
    ),
    () => (open.get() === id && !p().self ? h('div', { class: 'person-menu' }, menu()) : null),
  );
}

export function peoplePanel(
  call: CallModel,
  close: () => void,
  secure: (id: LeafId) => void,
): HTMLElement {
  const open = signal<LeafId | null>(null);
  const hosting = () => call.role() !== 'guest';
  const people = computed(() =>
    [...call.participants()].sort(
      (a, b) => Number(b.hand) - Number(a.hand) || Number(b.self) - Number(a.self),
    ),
  );
  const guests = () =>
    h(
      'section',
      { class: 'lobby', 'aria-label': 'Waiting in the lobby', 'data-testid': 'lobby-list' },
      h('h3', null, 'Waiting to join'),
      h(
        'ul',
        null,
        each(
          call.lobby,
          (g) => g.leafId,
          (g) =>
            h(
              'li',
              { class: 'person' },
              h(
                'div',
                { class: 'person-row' },
                avatar(
                  () => g().name,
                  () => g().leafId,
                ),
                h(
                  'div',
                  { class: 'person-words' },
                  h('span', { class: 'person-name' }, () => g().name || 'Somebody'),
                  h('span', { class: 'person-note' }, () =>
                    !g().invited
                      ? 'does not hold the link'
                      : g().trust === 'confirmed'
                        ? 'known, codes compared'
                        : g().trust === 'pinned'
                          ? 'known device'
                          : g().trust === 'changed'
                            ? 'other device than before'
                            : 'new device',
                  ),
                ),
                button('Refuse', () => attempt(call, call.crypto.remove(g.peek().leafId)), {
                  class: 'button small',
                  'data-testid': 'refuse',
                }),
                button('Let in', () => attempt(call, call.crypto.admit(g.peek().leafId)), {
                  class: 'button small primary',
                  disabled: () => !g().invited,
                  'data-testid': 'admit',
                }),
              ),
            ),
        ),
      ),
    );
  const tools = () =>
    h(
      'section',
      { class: 'host-tools', 'aria-label': 'Host tools' },
      toggle(
        ['Lobby', h('small', null, 'Guests wait until they are let in')],
        () => call.policy().lobby,
        (on) => attempt(call, call.crypto.setPolicy({ ...call.policy(), lobby: on })),
        { 'data-testid': 'policy-lobby' },
      ),
      toggle(
        ['Lock the room', h('small', null, 'Nobody else can join')],
        () => call.policy().locked,
        (on) => attempt(call, call.crypto.setPolicy({ ...call.policy(), locked: on })),
        { 'data-testid': 'policy-lock' },
      ),
    );
  const has = computed(() => call.lobby().length > 0);
  const isHost = computed(hosting);
  return panel(
    'People',
    'people',
    close,
    [
      () => (isHost() && has() ? guests() : null),
      h(
        'section',
        { 'aria-label': 'In the call' },
        h('h3', null, () => `In the call · ${call.participants().length}`),
        h(
          'ul',
          null,
          each(
            people,
            (p) => p.leafId,
            (p) => personRow(call, p, { get: open, set: open.set }, secure),
          ),
        ),
      ),
      () => (isHost() ? tools() : null),
    ],
    copyButton(() => call.invite, 'Copy the invite', { class: 'button wide' }),
  );
}

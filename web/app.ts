// The page: reads its address, shows the screen that belongs to it, owns the crypto worker and the
// devices.
import type { CryptoApi, LinkInfo } from './crypto/api.ts';
import { openCrypto } from './crypto/client.ts';
import { isRoom, parseFragment } from './protocol/link.ts';
import { parseRoomInfo, type RoomInfo } from './protocol/messages.ts';
import { effect, onCleanup, root, signal } from './protocol/signal.ts';
import { Call } from './rtc/call.ts';
import type { Over, Phase } from './rtc/model.ts';
import { Devices } from './rtc/devices.ts';
import { button } from './ui/bits.ts';
import { callScreen } from './ui/call.ts';
import { h, type Child } from './ui/h.ts';
import { icon } from './ui/icons.ts';
import { plainScreen, prejoinScreen } from './ui/prejoin.ts';
import { logScreen } from './ui/log.ts';
import { followTheme, prefs } from './ui/prefs.ts';
import { startScreen } from './ui/start.ts';

const place = document.getElementById('app')!;
const meta = (name: string): string =>
  document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)!.content;
const testing = new URLSearchParams(location.search).get('test') === '1';

let opened: Promise<CryptoApi> | null = null;
/** One worker a page; a failed start may be tried again. */
function crypto(): Promise<CryptoApi> {
  opened ??= openCrypto(meta('v100-worker'), meta('v100-wasm')).catch((e: unknown) => {
    opened = null;
    throw e;
  });
  return opened;
}

let endScreen: () => void = () => undefined;
function show(screen: () => HTMLElement): void {
  endScreen();
  root((dispose) => {
    endScreen = dispose;
    place.replaceChildren(screen());
  });
  const heading = place.querySelector<HTMLElement>('h1[tabindex]');
  heading?.focus({ preventScroll: true });
}

let current: Call | null = null;
function go(path: string): void {
  history.pushState(null, '', testing ? path.replace('#', '?test=1#') : path);
  route();
}

const MISSING = {
  rtc: 'This browser cannot encrypt a call end to end: it lacks encoded transforms. A current Chrome, Edge, Firefox or Safari can.',
  secure: 'Calls need a secure page. Open this address with https://.',
};
function missing(): string {
  if (!window.isSecureContext) return MISSING.secure;
  return 'RTCPeerConnection' in window && 'RTCRtpScriptTransform' in window && 'Worker' in window
    ? ''
    : MISSING.rtc;
}

const home = (words = 'To the start page') =>
  button(words, () => go('/'), { class: 'button', 'data-testid': 'home' });

function route(): void {
  const [, kind, room = ''] = location.pathname.split('/');
  document.title = 'V100';
  if (kind === 'r' && isRoom(room)) return void room0(room, location.hash.slice(1));
  if (kind === 'r') return badLink();
  if (location.hash === '#log') {
    document.title = 'V100 · log';
    return show(() => logScreen(meta('v100-wasm'), home()));
  }
  show(() => startScreen({ crypto, go }));
}

function badLink(): void {
  show(() =>
    plainScreen({
      testid: 'bad-link',
      title: 'This link is not whole',
      actions: home(),
      text: 'An invite ends in a long part after a # sign, which is the key to the call. Ask for the whole link again.',
    }),
  );
}

function gone(): void {
  show(() =>
    plainScreen({
      testid: 'no-room',
      title: 'There is no such room',
      actions: home(),
      text: 'It may have been empty for a day, or the link belongs to another server.',
    }),
  );
}

async function room0(room: string, fragment: string): Promise<void> {
  if (!parseFragment(room, fragment)) return badLink();
  document.title = `V100 · ${room}`;
  const info = signal<RoomInfo | null>(null);
  const link = signal<LinkInfo | null>(null);
  const trouble = signal(missing());
  const devices = new Devices(prefs);
  const look = async () => {
    const response = await fetch(`/v1/rooms/${room}`).catch(() => null);
    if (response?.status === 404) return gone();
    if (response?.ok) info.set(parseRoomInfo(await response.json()));
  };
  show(() => {
    const looking = setInterval(() => void look(), 5000); // it may be unlocked, or end
    onCleanup(() => clearInterval(looking));
    return prejoinScreen({
      room,
      devices,
      info,
      link,
      blocked: () =>
        trouble() || (info()?.locked && !link()?.mine ? 'The host has locked this room.' : ''),
      home: () => (devices.close(), go('/')),
      join: () => join(room, fragment, devices),
    });
  });
  if (prefs.micOn && prefs.cameraOn) void devices.openBoth();
  else if (prefs.micOn) void devices.open('audio');
  else if (prefs.cameraOn) void devices.open('video');
  void look();
  if (trouble.peek()) return;
  try {
    link.set(await (await crypto()).readLink(fragment));
  } catch (e) {
    console.error(e);
    trouble.set(
      'The encrypting part of this page could not start. Reload, or try another browser.',
    );
  }
}

async function join(room: string, fragment: string, devices: Devices): Promise<void> {
  const call = new Call({
    crypto: await crypto(),
    devices,
    room,
    fragment,
    name: prefs.name,
    micOn: prefs.micOn,
    cameraOn: prefs.cameraOn,
    videoCodec: prefs.codec,
  });
  await call.start();
  current = call;
  if (testing) (window as unknown as { __v100test: unknown }).__v100test = { call };
  root((dispose) => {
    let at = '';
    effect(() => {
      const phase = call.phase();
      if (phase.at === at) return;
      at = phase.at;
      if (phase.at !== 'over') return showPhase(call, phase);
      devices.close();
      queueMicrotask(dispose);
      if (current === call) over(phase.why, room, fragment);
    });
  });
}

function showPhase(call: Call, phase: Phase): void {
  const leave = button('Leave', () => void call.leave(), {
    class: 'button',
    'data-testid': 'stop-waiting',
  });
  const spinner = () =>
    h('div', { class: 'waiting-dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));
  if (phase.at === 'in') return show(() => callScreen(call));
  if (phase.at === 'lobby') {
    return show(() =>
      plainScreen({
        testid: 'lobby',
        art: spinner(),
        title: 'The host has been asked',
        text: 'You will be in the call as soon as you are let in.',
        actions: leave,
      }),
    );
  }
  if (phase.at === 'classical') return show(() => classicalScreen(call));
  show(() =>
    plainScreen({
      testid: 'dialling',
      art: spinner(),
      title: 'Joining…',
      text: 'Making keys for this call and connecting.',
      actions: leave,
    }),
  );
}

function classicalScreen(call: Call): HTMLElement {
  const kex = call.hop.peek()?.kex ?? '';
  return plainScreen({
    testid: 'classical',
    art: icon('shieldWarn', 40),
    title: 'This connection is not post-quantum',
    text: [
      h(
        'p',
        null,
        `${kex === 'none' ? 'There is no encryption between your browser and the server' : `Your browser and the server agreed on ${kex || 'a classical key exchange'}`}. Somebody who records it and has a quantum computer one day could read who was in this call and when.`,
      ),
      h('p', null, 'Sound, picture, names and chat stay sealed end to end with post-quantum keys.'),
    ],
    actions: [
      button('Do not join', () => void call.leave(), {
        class: 'button',
        'data-testid': 'classical-no',
      }),
      button('Join anyway', () => call.acceptClassical(), {
        class: 'button primary',
        'data-testid': 'classical-yes',
      }),
    ],
  });
}

const OVER: Record<Over, [title: string, text: string]> = {
  left: ['You left the call', 'The keys of this call are wiped from this device.'],
  removed: ['You were removed from the call', 'A host removed this device.'],
  ended: ['The call has ended', 'The host ended it for everyone.'],
  refused: ['You were not let in', 'The host did not let you in.'],
  locked: ['The room is locked', 'The host has locked it. Ask to have it opened.'],
  full: ['The room is full', 'No more people can join this call.'],
  draining: ['The server is restarting', 'Try again in a moment.'],
  replaced: ['You joined somewhere else', 'This device is in the call in another tab.'],
  worker: [
    'Encryption stopped',
    'The part of this page that encrypts has stopped, so the call was ended here. Join again to go on.',
  ],
  'no-room': ['There is no such room', 'It may have been empty for a day, or was ended.'],
  'refused-by-server': [
    'The server did not let this device in',
    'Its keys or its link were not accepted.',
  ],
};

function over(why: Over, room: string, fragment: string): void {
  const [title, text] = OVER[why];
  const again = why !== 'removed' && why !== 'refused';
  if (why === 'worker') {
    void opened?.then((c) => c.close());
    opened = null;
  }
  const actions: Child = [
    home(),
    again
      ? button('Join again', () => void room0(room, fragment), {
          class: 'button primary',
          'data-testid': 'rejoin',
        })
      : null,
  ];
  show(() => plainScreen({ testid: `over-${why}`, title, text, actions }));
}

followTheme();
window.addEventListener('hashchange', () => {
  if (location.pathname === '/') route();
});
window.addEventListener('popstate', () => {
  // Going back out of a call is leaving it.
  const call = current;
  current = null;
  void call?.leave();
  route();
});
route();

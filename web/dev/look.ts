// For looking at the design only, never in the product: the call screen with people made of
// canvases. ?scene=start|prejoin|grid|speaker|screen|alone|lobby|classical|over & n=PEOPLE &
// panel=… & badge=…
import type {
  Badge,
  BadgeState,
  ChatMessage,
  LobbyGuest,
  Participant,
  Reason,
  Trust,
} from '../crypto/api.ts';
import { root, signal } from '../protocol/signal.ts';
import type {
  CallModel,
  Hop,
  MediaState,
  Notice,
  Phase,
  QualityView,
  Screen,
} from '../rtc/model.ts';
import { Devices } from '../rtc/devices.ts';
import { button } from '../ui/bits.ts';
import { callScreen } from '../ui/call.ts';
import { plainScreen, prejoinScreen } from '../ui/prejoin.ts';
import { followTheme, prefs, setPref } from '../ui/prefs.ts';
import { startScreen } from '../ui/start.ts';

const query = new URLSearchParams(location.search);
const scene = query.get('scene') ?? 'grid';
const count = Number(query.get('n') ?? 4);
const NAMES = [
  'Amara Okafor',
  'Jonas Weber',
  'Mei Tanaka',
  'Luca',
  'Priya Raman',
  'Søren Holm',
  'Zoë',
  'Daniel Costa',
  'Ines',
  'Mateo Ruiz',
  'Hana',
  'Olu',
  'Freya Lind',
  'Kenji',
  'Sara B.',
  'Tom',
];
const leaf = (i: number) =>
  ((i * 2654435761 + 0x1f3a5b) >>> 0).toString(16).padStart(8, '0').repeat(8);

// A face-like picture that moves: soft light, head, shoulders.
function person(i: number): MediaStream {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [640, 360];
  const g = canvas.getContext('2d')!;
  const draw = (t: number) => {
    const hue = (i * 67 + 20) % 360;
    const sky = g.createLinearGradient(0, 0, 640, 360);
    sky.addColorStop(0, `hsl(${hue} 28% 62%)`);
    sky.addColorStop(1, `hsl(${(hue + 40) % 360} 30% 34%)`);
    g.fillStyle = sky;
    g.fillRect(0, 0, 640, 360);
    const x = 320 + Math.sin(t / 1400 + i) * 10;
    g.fillStyle = `hsl(${(hue + 180) % 360} 22% 30%)`;
    g.beginPath();
    g.ellipse(x, 370, 150, 130, 0, 0, 7);
    g.fill();
    g.fillStyle = `hsl(${18 + (i % 4) * 6} ${36 - (i % 3) * 6}% ${70 - (i % 5) * 9}%)`;
    g.beginPath();
    g.ellipse(x, 185, 66, 84, 0, 0, 7);
    g.fill();
    g.fillStyle = `hsl(${i * 31} 20% ${14 + (i % 3) * 12}%)`;
    g.beginPath();
    g.ellipse(x, 128, 72, 50, 0, Math.PI, 0);
    g.fill();
  };
  draw(0);
  setInterval(() => draw(performance.now()), 100);
  return canvas.captureStream(10);
}

function slides(): MediaStream {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [1280, 720];
  const g = canvas.getContext('2d')!;
  const draw = () => {
    g.fillStyle = '#fff';
    g.fillRect(0, 0, 1280, 720);
    g.fillStyle = '#1a1c27';
    g.font = '600 56px Georgia, serif';
    g.fillText('Quarterly plan', 90, 130);
    g.font = '30px sans-serif';
    ['Ship the recorder', 'Move the cluster in March', 'Hire two people for support'].forEach(
      (s, i) => g.fillText(`•  ${s}`, 100, 230 + i * 64),
    );
    g.fillStyle = '#2f3fb8';
    [120, 180, 150, 260, 310].forEach((v, i) => g.fillRect(720 + i * 90, 620 - v, 60, v));
  };
  draw();
  setInterval(draw, 200);
  return canvas.captureStream(5);
}

function mock(): CallModel {
  const trust = (i: number): Trust =>
    query.get('badge') === 'green'
      ? 'confirmed'
      : i % 3 === 1
        ? 'pinned'
        : i % 3 === 2
          ? 'confirmed'
          : 'first-use';
  const people: Participant[] = Array.from({ length: count }, (_, i) => ({
    leafId: leaf(i),
    fingerprint: leaf(i + 50),
    self: i === 0,
    accepted: true,
    role: i === 0 ? 'host' : i === 2 ? 'cohost' : 'guest',
    name: i === 0 ? 'Robin' : NAMES[(i - 1) % NAMES.length]!,
    trust: i === 0 ? 'self' : trust(i),
    hand: i === 2,
    muted: i % 3 === 2 ? [1] : i === 3 ? [2] : [],
    tracks: i === 1 && scene === 'screen' ? [1, 2, 3] : [1, 2],
    connected: i !== 5,
  }));
  const state = (query.get('badge') ?? 'outline') as BadgeState;
  const reasons: Reason[] =
    state === 'amber'
      ? [
          { code: 'key-changed', who: leaf(1), track: null },
          { code: 'frame-forged', who: leaf(2), track: 2 },
        ]
      : [];
  const badge: Badge = {
    state: count < 2 ? 'grey' : state,
    reasons: count < 2 ? [{ code: 'call-not-started', who: null, track: null }] : reasons,
    participants: people.map((p, i) => ({
      leafId: p.leafId,
      fingerprint: p.fingerprint,
      trust: p.trust,
      kem: 'X-Wing (ML-KEM-768 + X25519)',
      signature: 'ML-DSA-65',
      frames: 'AES-256-GCM (SFrame)',
      epoch: 7,
      encrypted: i ? 0 : 48213,
      decrypted: i ? 21044 * i : 0,
      plaintext: 0,
      failed: 0,
      dropped: { 'no-key': 0, malformed: 0, 'wrong-track': 0, replayed: 0, forged: 0, codec: 0 },
    })),
  };
  const chat: ChatMessage[] = [
    ['1', 1, 'Morning! Can everyone hear me?'],
    ['2', 2, 'Loud and clear.'],
    ['3', 2, 'Notes are at https://example.org/notes'],
    ['4', 0, 'Thank you, I will share the plan in a minute.'],
  ].map(([id, i, text], k) => ({
    id: id as string,
    from: leaf(i as number),
    name: people[i as number]?.name ?? '',
    text: text as string,
    at: Date.now() - 300000 + k * 50000,
  }));
  const streams = new Map<string, MediaStream>();
  people.forEach((p, i) => i && streams.set(`${p.leafId}/2`, person(i)));
  if (scene === 'screen') streams.set(`${leaf(1)}/3`, slides());
  const devices = new Devices(prefs);
  devices.video.set(person(0).getVideoTracks()[0]!);
  const ok = async () => undefined;
  const lobby: LobbyGuest[] = query.get('lobby')
    ? [
        {
          leafId: leaf(40),
          fingerprint: leaf(41),
          invited: true,
          name: 'Nadia K.',
          trust: 'first-use',
        },
      ]
    : [];
  const micOn = signal(true);
  const cameraOn = signal(true);
  const hand = signal(false);
  const notices = signal<Notice[]>(
    query.get('notice') ? [{ id: 1, text: 'Jonas Weber raised a hand', kind: 'hand' }] : [],
  );
  const chatSignal = signal(chat);
  return {
    crypto: {
      device: { fingerprint: leaf(50), storage: 'webcrypto', fresh: false },
      admit: ok,
      remove: ok,
      setPolicy: ok,
      askToMute: ok,
      grant: ok,
      end: ok,
      confirm: ok,
      accept: ok,
      scan: async () => true,
      code: async () => ({
        digits: '40718 22095 73316 08842 51907 66630 12485 90021 35577 84460 19203 67718',
        qr: 'v100:code:407182209573316088425190766630124859002135577844601920367718',
      }),
    },
    devices,
    room: 'k7dm-4qpa-x2ve',
    invite:
      'https://meet.example.org/r/k7dm-4qpa-x2ve#AQB2c9kQx0m3pTnq4Yw8Jr1LhZ5vFsDbGa7XeUoKiCtMyNHlPRWSQEjB6zOfVg2d3h4k5m6n7p8q9r0stuvwxyzA',
    me: signal(leaf(0)),
    phase: signal<Phase>({ at: 'in' }),
    role: signal('host' as const),
    hop: signal<Hop | null>({
      kex: query.get('hop') ?? 'X25519MLKEM768',
      pq: !query.get('hop'),
      version: '0.1.0',
    }),
    participants: signal(people),
    lobby: signal(lobby),
    policy: signal({ lobby: true, locked: false }),
    badge: signal(badge),
    chat: chatSignal,
    reconnecting: signal(query.get('state') === 'reconnecting'),
    media: signal<MediaState>(
      (query.get('state') === 'blocked' ? 'blocked' : 'connected') as MediaState,
    ),
    udpPort: signal(8443),
    quality: signal<QualityView>({
      level: 3,
      up: { loss: 0.002, rtt_ms: 24, kbps: 1640 },
      down: { loss: 0, rtt_ms: 24, kbps: 3120 },
      own: { loss: 0, rtt_ms: 23, kbps: 3098 },
    }),
    streams: signal(streams),
    speaking: signal(new Set([leaf(1)])),
    stage: signal<string | null>(leaf(1)),
    micOn,
    cameraOn,
    screen: signal<Screen>({ on: false, sound: false }),
    screenTrack: signal<MediaStreamTrack | null>(null),
    hand,
    notices,
    startedAt: Date.now() - 754_000,
    show: () => undefined,
    acceptClassical: () => undefined,
    setMic: async (on) => micOn.set(on),
    setCamera: async (on) => cameraOn.set(on),
    changeDevice: ok,
    shareScreen: ok,
    stopScreen: () => undefined,
    setHand: hand.set,
    setName: () => undefined,
    say: async (text) =>
      chatSignal.update((l) => [
        ...l,
        { id: String(l.length + 1), from: leaf(0), name: 'Robin', text, at: Date.now() },
      ]),
    notify: () => undefined,
    dismiss: () => notices.set([]),
    leave: ok,
  };
}

function screen(): HTMLElement {
  if (scene === 'start')
    return startScreen({
      crypto: () => Promise.reject(new Error('not here')),
      go: () => undefined,
    });
  if (scene === 'prejoin') {
    setPref('name', 'Robin');
    const devices = new Devices(prefs);
    if (query.get('off')) {
      devices.trouble.video.set('denied');
      devices.trouble.audio.set('denied');
    } else void devices.openBoth();
    return prejoinScreen({
      room: 'k7dm-4qpa-x2ve',
      devices,
      info: signal({ room: 'k7dm-4qpa-x2ve', open: true, locked: false, lobby: true, members: 3 }),
      link: signal(null),
      blocked: () => '',
      join: async () => undefined,
      home: () => undefined,
    });
  }
  if (scene === 'over')
    return plainScreen({
      testid: 'x',
      title: 'You left the call',
      text: 'The keys of this call are wiped from this device.',
      actions: [
        button('To the start page', () => undefined),
        button('Join again', () => undefined, { class: 'button primary' }),
      ],
    });
  return callScreen(mock());
}

followTheme();
root(() => document.getElementById('app')!.replaceChildren(screen()));
const press = query.get('press');
if (press)
  setTimeout(
    () => document.dispatchEvent(new KeyboardEvent('keydown', { key: press, bubbles: true })),
    100,
  );
if (scene === 'speaker')
  setTimeout(() => document.querySelector<HTMLElement>('[data-testid=view]')?.click(), 50);
const click = query.get('click');
if (click)
  click
    .split(',')
    .forEach((id, i) =>
      setTimeout(
        () => document.querySelector<HTMLElement>(`[data-testid=${id}]`)?.click(),
        300 + i * 200,
      ),
    );

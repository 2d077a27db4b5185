// Broken if this fails: links are misread, a server's message of the wrong shape reaches the page,
// or tiles and tracks are planned wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { badgeLabel, sentence } from './badge.ts';
import { backoffMs } from './backoff.ts';
import { fromBase64Url, fromHex, toBase64Url, toHex } from './bytes.ts';
import { gridLayout, stageLayout } from './layout.ts';
import { isRoom, makeFragment, parseFragment, parseInvite } from './link.ts';
import { parseRoomInfo, parseServer } from './messages.ts';
import { changes } from './people.ts';
import { difference, wanted } from './plan.ts';
import { between, level } from './quality.ts';
import { codecTable, mids, tuneOpus } from './sdp.ts';
import { computed, effect, root, signal } from './signal.ts';
import { Speakers, loudness } from './speaker.ts';
import { focusOf, ordered, tilesOf, type TilePerson } from './tiles.ts';

const id = (c: string) => c.repeat(64);

test('base64url and hex: round trips, and nothing that is not canonical', () => {
  for (let n = 0; n < 70; n++) {
    const bytes = Uint8Array.from({ length: n }, (_, i) => (i * 37 + n) & 255);
    assert.deepEqual(fromBase64Url(toBase64Url(bytes)), bytes);
    assert.deepEqual(fromHex(toHex(bytes)), bytes);
  }
  for (const bad of ['A', 'AB', 'A=', 'A+/A', 'ab c']) assert.equal(fromBase64Url(bad), null);
  for (const bad of ['a', 'AB', 'zz']) assert.equal(fromHex(bad), null);
});

test('links: whole ones are read, others refused', () => {
  const host = Uint8Array.from({ length: 32 }, (_, i) => i);
  const secret = new Uint8Array(32).fill(9);
  const fragment = makeFragment(host, true, secret);
  assert.equal(fragment.length, 88);
  const link = parseInvite(`  https://v100.example/r/K7DM-4qpa-x2ve#${fragment}\n`);
  assert.deepEqual(link, { room: 'k7dm-4qpa-x2ve', fragment, lobby: true, host: toHex(host) });
  assert.equal(parseFragment('k7dm-4qpa-x2ve', makeFragment(host, false, secret))?.lobby, false);
  const flags = fromBase64Url(fragment)!;
  flags[1] = 2;
  assert.equal(parseFragment('k7dm-4qpa-x2ve', toBase64Url(flags)), null, 'unknown flag');
  assert.equal(parseFragment('k7dm-4qpa-x2ve', fragment.slice(0, -1)), null, 'cut');
  assert.equal(parseInvite('https://v100.example/r/k7dm-4qpa-x2ve'), null, 'no fragment');
  for (const bad of [
    'k7dm-4qpa',
    'k7dm-4qpa-x2vi',
    'k7dm-4qpa-x2vl',
    'k7dm-4qpa-x2vu',
    'k7dm4qpax2ve',
    'K7DM-4qpa-x2ve',
  ])
    assert.ok(!isRoom(bad), bad);
});

test('server messages: the right shape passes, each wrong one is refused', () => {
  const roster = {
    t: 'roster',
    version: 1,
    members: [{ id: id('a'), role: 'host', tracks: [1, 2], connected: true }],
  };
  const parsed = parseServer(JSON.stringify(roster));
  assert.ok(parsed?.t === 'roster' && parsed.lobby.length === 0 && parsed.statements.length === 0);
  const wrong: unknown[] = [
    null,
    [],
    'roster',
    {},
    { t: 'nothing' },
    { t: 'toString' },
    { t: '__proto__' },
    { ...roster, version: '1' },
    { ...roster, members: [{ ...roster.members[0], id: 'A'.repeat(64) }] },
    { ...roster, members: [{ ...roster.members[0], tracks: [0] }] },
    { ...roster, members: [{ ...roster.members[0], role: 'king' }] },
    { t: 'bye', reason: 'bored' },
    { t: 'welcome', you: id('a'), role: 'host', resumed: 0, media: { udp: 1 } },
    { t: 'answer', n: 1 },
    { t: 'quality', up: {}, down: {} },
  ];
  for (const w of wrong) assert.equal(parseServer(JSON.stringify(w)), null, JSON.stringify(w));
  assert.equal(parseServer('{'), null);
  assert.equal(parseRoomInfo({ room: 'x', members: 1 }), null);
  assert.equal(parseRoomInfo({ room: 'k7dm-4qpa-x2ve', members: 1, open: true })?.locked, false);
});

test('tracks: only accepted members are asked for, and the plan changes no more than it must', () => {
  const member = (c: string, tracks: (1 | 2 | 3 | 4)[]) => ({
    id: id(c),
    role: 'guest' as const,
    tracks,
    connected: true,
  });
  const want = wanted(
    [member('a', [1, 2]), member('b', [1]), member('c', [1, 2, 3])],
    new Set([id('a'), id('b')]),
    id('a'),
  );
  assert.deepEqual(want, [{ member: id('b'), track: 1 }]);
  const change = difference(
    [`${id('b')}/1`, `${id('d')}/2`],
    [
      { member: id('b'), track: 1 },
      { member: id('e'), track: 2 },
    ],
  );
  assert.deepEqual(change, { open: [{ member: id('e'), track: 2 }], close: [`${id('d')}/2`] });
});

test('session descriptions: codecs, mids, and Opus told what to do', () => {
  const sdp = [
    'v=0',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:0',
    'a=rtpmap:111 opus/48000/2',
    'a=fmtp:111 minptime=10',
    'm=video 9 UDP/TLS/RTP/SAVPF 96 97 98',
    'a=mid:v1',
    'a=rtpmap:96 VP8/90000',
    'a=rtpmap:97 rtx/90000',
    'a=rtpmap:98 VP9/90000',
    'm=audio 9 UDP/TLS/RTP/SAVPF 111',
    'a=mid:2',
    'a=rtpmap:111 opus/48000/2',
    '',
  ].join('\r\n');
  assert.deepEqual(codecTable(sdp), { 111: 'opus', 96: 'vp8', 98: 'vp9' });
  assert.deepEqual([...mids(sdp)], ['0', 'v1', '2']);
  const tuned = tuneOpus(sdp, true);
  const sections = tuned.split('m=').map((s) => /a=fmtp:111 (.*)\r\n/.exec(s)?.[1]);
  assert.equal(sections[1], 'minptime=10;useinbandfec=1;usedtx=1;stereo=1;sprop-stereo=1');
  assert.equal(sections[2], undefined);
  const same = (s?: string) => s?.split(';').sort().join(';');
  assert.equal(same(sections[3]), same(sections[1]), 'one payload type, one set of parameters');
  assert.ok(!tuneOpus(sdp, false).includes('stereo'));
  assert.equal(tuned.split('\r\n').length, tuned.split('\n').length, 'all lines end alike');
});

test('loudness: of what came between two readings, not of the whole call', () => {
  const at = (energy: number, seconds: number) => ({ energy, seconds });
  assert.ok(Math.abs(loudness(at(5, 100), at(5.05, 100.2)) - 0.5) < 1e-6);
  assert.equal(loudness(at(5, 100), at(5, 100.2)), 0);
  assert.equal(loudness(at(5, 100), at(5, 100)), 0, 'nothing came');
  assert.equal(loudness(at(5, 100), at(0, 0.2)), 0, 'a new receiver counts anew');
});

test('layout: every shown tile lies in its box and none overlaps another', () => {
  for (const box of [
    { width: 1252, height: 660 },
    { width: 374, height: 700 },
    { width: 800, height: 300 },
  ]) {
    for (let n = 1; n <= 40; n++) {
      for (const layout of [gridLayout(box, n), stageLayout(box, n)]) {
        assert.equal(layout.rects.length + layout.hidden, n);
        layout.rects.forEach((a, i) => {
          assert.ok(
            a.width > 30 &&
              a.height > 30 &&
              a.x >= 0 &&
              a.y >= 0 &&
              a.x + a.width <= box.width &&
              a.y + a.height <= box.height,
            JSON.stringify({ box, n, a }),
          );
          for (const b of layout.rects.slice(i + 1))
            assert.ok(
              a.x + a.width <= b.x ||
                b.x + b.width <= a.x ||
                a.y + a.height <= b.y ||
                b.y + b.height <= a.y,
            );
        });
      }
    }
  }
});

test('tiles: screens first, oneself last; the stage goes to a pin, then a screen, then the speaker', () => {
  const p = (c: string, more: Partial<TilePerson> = {}): TilePerson => ({
    leafId: id(c),
    self: false,
    accepted: true,
    name: c,
    hand: false,
    muted: [],
    tracks: [1, 2],
    connected: true,
    ...more,
  });
  const people = [
    p('a', { self: true }),
    p('b', { tracks: [1, 2, 3] }),
    p('c'),
    p('d', { accepted: false, tracks: [3] }),
  ];
  const tiles = tilesOf(people, false);
  assert.deepEqual(
    tiles.map((t) => `${t.key[0]}${t.kind[0]}`),
    ['bs', 'bp', 'cp', 'dp', 'ap'],
    'an intruder has no screen',
  );
  assert.equal(
    focusOf(tiles, { mode: 'grid', pinned: `${id('c')}/2`, stage: null }),
    `${id('c')}/2`,
  );
  assert.equal(focusOf(tiles, { mode: 'grid', pinned: 'gone', stage: null }), `${id('b')}/3`);
  const plain = tilesOf(
    people.map((x) => ({ ...x, tracks: [1, 2] as const })),
    false,
  );
  assert.equal(focusOf(plain, { mode: 'grid', pinned: null, stage: id('c') }), null);
  assert.equal(focusOf(plain, { mode: 'speaker', pinned: null, stage: id('c') }), `${id('c')}/2`);
  assert.deepEqual(
    ordered(plain, null, new Set([id('c')]), 2)
      .map((t) => t.leafId[0])
      .slice(0, 1),
    ['c'],
  );
});

test('speakers: no flicker, and the stage changes only after a while', () => {
  const s = new Speakers();
  const hear = (a: number, b: number, now: number) =>
    s.hear(
      new Map([
        [id('a'), a],
        [id('b'), b],
      ]),
      now,
    );
  assert.deepEqual([...hear(0.2, 0, 0)], [id('a')]);
  assert.equal(s.stage, id('a'));
  assert.deepEqual([...hear(0, 0, 500)], [id('a')], 'held');
  assert.deepEqual([...hear(0, 0, 1500)], []);
  hear(0, 0.3, 2000);
  assert.equal(s.stage, id('a'));
  hear(0, 0.3, 2950);
  assert.equal(s.stage, id('b'));
  s.hear(new Map(), 3000);
  assert.equal(s.stage, null, 'gone');
});

test('badge: each reason is a sentence, the label is short', () => {
  const name = () => 'Bo';
  assert.equal(
    sentence({ code: 'frame-forged', who: id('b'), track: 2 }, name),
    'Data that claims to be Bo’s camera does not decrypt.',
  );
  assert.match(sentence({ code: 'new-thing', who: null, track: null }, name), /new-thing/);
  assert.equal(
    badgeLabel('amber', [{ code: 'key-changed', who: null, track: null }]),
    'Key changed',
  );
  assert.equal(badgeLabel('green', []), 'PQ-E2E verified');
});

test('people: what is told when the list changes', () => {
  const p = (c: string, name: string, more = {}) => ({
    leafId: id(c),
    self: false,
    accepted: true,
    name,
    hand: false,
    ...more,
  });
  const me = p('a', 'Ann', { self: true });
  const none = new Set<string>();
  const map = (...list: ReturnType<typeof p>[]) => new Map(list.map((x) => [x.leafId, x]));
  assert.deepEqual(
    changes(new Map(), [me, p('b', 'Bo')], new Set([id('b')])),
    [],
    'who was there before is no news',
  );
  assert.deepEqual(changes(map(me), [me, p('b', '')], none), [], 'no name yet');
  assert.deepEqual(changes(map(me, p('b', '')), [me, p('b', 'Bo')], none), [
    { text: 'Bo joined', kind: 'info' },
  ]);
  assert.deepEqual(changes(map(me, p('b', 'Bo')), [me, p('b', 'Bo', { hand: true })], none), [
    { text: 'Bo raised a hand', kind: 'hand' },
  ]);
  assert.deepEqual(changes(map(me, p('b', 'Bo')), [me], none), [{ text: 'Bo left', kind: 'info' }]);
  assert.deepEqual(
    changes(map(me), [me, p('x', 'X', { accepted: false })], none),
    [],
    "an intruder is the badge's matter",
  );
});

test('quality and waits', () => {
  const flow = between(
    { at: 0, packets: 0, lost: 0, bytes: 0, rtt_ms: 0 },
    { at: 1000, packets: 90, lost: 10, bytes: 125_000, rtt_ms: 30 },
  );
  assert.deepEqual(flow, { loss: 0.1, rtt_ms: 30, kbps: 1000 });
  assert.deepEqual(
    [level(flow), level({ ...flow, loss: 0.03 }), level({ ...flow, loss: 0 })],
    [1, 2, 3],
  );
  assert.ok(backoffMs(0, 0) >= 150 && backoffMs(0, 0.999) <= 300 && backoffMs(50, 0.999) <= 8000);
});

test('signals: effects run once a change, computed values are never stale, ends end', async () => {
  const a = signal(1);
  const b = computed(() => a() * 2);
  const seen: number[] = [];
  const end = root((dispose) => {
    effect(() => void seen.push(a() + b()));
    return dispose;
  });
  a.set(2);
  a.set(3);
  assert.equal(b(), 6);
  await null;
  assert.deepEqual(seen, [3, 9]);
  end();
  a.set(4);
  await null;
  assert.deepEqual(seen, [3, 9]);
});

// The crypto worker: the only place where keys are. Answers the page's calls (wire.ts), runs the
// transforms, and answers pings so that the page notices at once should it die.
import type { Device, Events, NewRoom, Policy, Role, Source, Track } from './api.ts';
import { fromHex } from './bytes.ts';
import { Call } from './call.ts';
import { Core } from './core.ts';
import { Identity } from './device.ts';
import { Pins } from './pins.ts';
import { openStore } from './store.ts';
import { Transforms, type Transformer } from './transform.ts';
import { FrameKeys } from './webcrypto.ts';
import { Refusal, type CodecTable, type FromWorker, type SentCount, type StartOptions, type ToWorker, type Watched } from './wire.ts';

interface Scope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  onrtctransform: ((event: { transformer: Transformer }) => void) | null;
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  close(): void;
}
const scope = self as unknown as Scope;

interface Started {
  core: Core;
  keys: FrameKeys;
  transforms: Transforms;
  identity: Identity;
  pins: Pins;
}
let started: Started | null = null;
let call: Call | null = null;
const early: Transformer[] = []; // transforms that came before `start` was done

function emit<K extends keyof Events>(event: K, value: Events[K]): void {
  scope.postMessage({ event, value });
}
function ready(): Started {
  if (!started) throw new Refusal('unavailable', 'the crypto worker is not started');
  return started;
}
function inCall(): Call {
  if (!call) throw new Refusal('unavailable', 'not in a call');
  return call;
}

async function start(options: StartOptions): Promise<Device> {
  if (started) return started.identity.device;
  const core = await Core.load(fetch(options.wasmUrl));
  const store = await openStore();
  const keys = new FrameKeys(core);
  const transforms = new Transforms({
    core,
    keys,
    active: () => call?.active ?? false,
    wantKeyFrame: (direction, source) => emit('keyFrameWanted', { direction, source }),
  });
  const identity = await Identity.open(core, store);
  started = { core, keys, transforms, identity, pins: await Pins.open(store) };
  early.splice(0).forEach((t) => transforms.run(t));
  return identity.device;
}

function newRoom(options: { lobby: boolean }): NewRoom {
  const { core, identity } = ready();
  const host = identity.device.fingerprint;
  core.stir();
  return { hostFingerprint: host, fragment: core.makeLink(options.lobby, fromHex(host, 32)!) };
}

async function begin(options: { room: string; fragment: string; name: string }) {
  const parts = ready();
  if (call) throw new Refusal('conflict', 'a call is on');
  const link = parts.core.readLink(options.fragment);
  const next = new Call({ ...parts, emit }, { ...options });
  call = next;
  try {
    return { leafId: await next.begin(), host: link.host === parts.identity.device.fingerprint };
  } catch (e) {
    next.end();
    call = null;
    throw e;
  }
}

async function leave(): Promise<void> {
  const last = call;
  if (!last) return;
  last.send({ t: 'leave' });
  await last.settled();
  last.end();
  call = null;
}

const methods: Record<string, (...args: never[]) => unknown> = {
  start,
  newRoom,
  readLink: (fragment: string) => {
    const link = ready().core.readLink(fragment);
    return { ...link, mine: link.host === ready().identity.device.fingerprint };
  },
  begin,
  leave,
  chat: (text: string) => inCall().chat(text),
  admit: (leafId: string) => inCall().admit(leafId),
  remove: (leafId: string) => inCall().remove(leafId),
  setPolicy: (policy: Policy) => inCall().setPolicy(policy),
  askToMute: (leafId: string, track: Track) => inCall().askToMute(leafId, track),
  grant: (leafId: string, role: Role) => inCall().grant(leafId, role),
  end: () => inCall().endForAll(),
  code: (leafId: string) => inCall().code(leafId),
  scan: async (leafId: string, qr: string) => {
    const same = inCall().code(leafId).qr === qr.trim();
    if (same) await inCall().confirm(leafId);
    return same;
  },
  confirm: (leafId: string) => inCall().confirm(leafId),
  accept: (leafId: string) => inCall().accept(leafId),
  pins: () => ready().pins.list(),
  forget: (fingerprint: string) => ready().pins.forget(fingerprint),
  // Not answered.
  server: (text: string) => call?.server(text),
  hello: (options: { classical: boolean }) => call?.hello(options),
  send: (message: { t: string }) => call?.send(message),
  disconnected: () => call?.disconnected(),
  setName: (name: string) => call?.setName(name),
  setHand: (up: boolean) => call?.setHand(up),
  setMuted: (tracks: Track[]) => call?.setMuted(tracks),
  watch: (watched: Watched) => call?.watch(watched),
  sent: (counts: SentCount[]) => call?.sent(counts),
  codecs: (table: CodecTable) => started?.transforms.setCodecs(table),
  assign: (id: number, source: Source) => started?.transforms.assign(id, source),
};

function refusal(e: unknown): { code: Refusal['code']; message: string } {
  if (e instanceof Refusal) return { code: e.code, message: e.message };
  return { code: 'unavailable', message: e instanceof Error ? e.message : String(e) };
}

async function answer(id: number, method: string, args: unknown[]): Promise<void> {
  try {
    const run = methods[method];
    if (!run) throw new Refusal('unsupported', `no method ${method}`);
    scope.postMessage({ id, value: await run(...(args as never[])) });
  } catch (e) {
    scope.postMessage({ id, error: refusal(e) });
  }
}

scope.onmessage = ({ data }) => {
  if ('ping' in data) {
    scope.postMessage({ pong: data.ping });
  } else if ('tell' in data) {
    try {
      methods[data.tell]?.(...(data.args as never[]));
    } catch (e) {
      emit('refused', { what: `${data.tell}: ${refusal(e).message}` });
    }
  } else {
    void answer(data.id, data.method, data.args);
  }
};

scope.onrtctransform = ({ transformer }) => {
  if (started) started.transforms.run(transformer);
  else early.push(transformer);
};

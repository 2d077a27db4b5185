// What this person gives to the call: microphone, camera and screen, each with its switch. A track
// that a host muted is held back by the server too, until its owner turns it on and says so
// (signaling.md §3).
import type { CryptoApi } from '../crypto/api.ts';
import { TRACK, type Track } from '../protocol/messages.ts';
import { signal } from '../protocol/signal.ts';
import type { Devices } from './devices.ts';
import type { Notice } from './model.ts';
import { Share } from './share.ts';

export interface SwitchParts {
  crypto: Pick<CryptoApi, 'send' | 'setMuted'>;
  devices: Devices;
  micOn: boolean;
  cameraOn: boolean;
  notify(text: string, kind: Notice['kind']): void;
}

export class Switches {
  readonly micOn = signal(false);
  readonly cameraOn = signal(false);
  readonly share = new Share();
  /** Tracks that a host muted since we came, and whether the server was told that they are on. */
  private readonly held = new Map<Track, boolean>();

  constructor(private readonly parts: SwitchParts) {
    this.micOn.set(parts.micOn && ready(parts.devices, 'audio'));
    this.cameraOn.set(parts.cameraOn && ready(parts.devices, 'video'));
  }

  async setMic(on: boolean): Promise<void> {
    const { devices } = this.parts;
    if (on && !devices.audio.peek() && !(await devices.open('audio'))) return;
    const track = devices.audio.peek();
    if (track) track.enabled = on;
    this.micOn.set(on);
  }

  async setCamera(on: boolean): Promise<void> {
    const { devices } = this.parts;
    if (on && !devices.video.peek() && !(await devices.open('video'))) return;
    this.cameraOn.set(on);
    if (!on) devices.stop('video');
  }

  async change(kind: 'audio' | 'video'): Promise<void> {
    const { devices } = this.parts;
    const wasOn = kind === 'audio' ? this.micOn.peek() : this.cameraOn.peek();
    if (kind === 'video' && !wasOn) return;
    if (!(await devices.open(kind))) return;
    const track = devices.audio.peek();
    if (kind === 'audio' && track) track.enabled = wasOn;
  }

  lost(kind: 'audio' | 'video'): void {
    const { devices, notify } = this.parts;
    const on = kind === 'audio' ? this.micOn.peek() : this.cameraOn.peek();
    const what = kind === 'audio' ? 'microphone' : 'camera';
    notify(`Your ${what} went away. Trying another.`, 'warn');
    void devices.open(kind).then((ok) => {
      if (!ok) (kind === 'audio' ? this.micOn : this.cameraOn).set(false);
      else if (kind === 'audio' && devices.audio.peek()) devices.audio.peek()!.enabled = on;
    });
  }

  /** A host asks for silence: off at once, and on again is this person's to say. */
  muteAsked(name: string, track: Track): void {
    const { notify } = this.parts;
    if (track === TRACK.audio && this.micOn.peek()) {
      void this.setMic(false);
      notify(`${name} muted your microphone. You can turn it on again.`, 'warn');
    } else if (track === TRACK.camera && this.cameraOn.peek()) {
      void this.setCamera(false);
      notify(`${name} turned your camera off. You can turn it on again.`, 'warn');
    } else if (track >= TRACK.screen && this.share.state.peek().on) {
      this.share.stop();
      notify(`${name} ended your screen share.`, 'warn');
    }
    this.held.set(track, false);
  }

  /** A member again: what was said on the old line may be lost; a new member is not held. */
  welcome(resumed: boolean): void {
    if (!resumed) return this.held.clear();
    for (const track of this.held.keys()) this.held.set(track, false);
    this.tellUnmuted();
  }

  /** Effect: what was held back and is on now is told. */
  tellUnmuted(): void {
    const screen = this.share.state();
    const on = { 1: this.micOn(), 2: this.cameraOn(), 3: screen.on, 4: screen.on && screen.sound };
    for (const [track, told] of this.held) {
      if (told || !on[track]) continue;
      this.held.set(track, true);
      this.parts.crypto.send({ t: 'unmute', track });
    }
  }

  /** Effect: a track says what its switch says; a switch that no device answers goes off. */
  obey(): void {
    const { audio, video, opening } = this.parts.devices;
    const mic = audio();
    if (mic) mic.enabled = this.micOn();
    else if (!opening.audio()) this.micOn.set(false);
    if (!video() && !opening.video()) this.cameraOn.set(false);
  }

  /** Effect: others see what is off. */
  tellMuted(): void {
    const muted: Track[] = [];
    if (!this.micOn()) muted.push(TRACK.audio);
    if (!this.cameraOn()) muted.push(TRACK.camera);
    this.parts.crypto.setMuted(muted);
  }
}

// There, or about to be: a question to the user may still be open.
const ready = (devices: Devices, kind: 'audio' | 'video') =>
  devices[kind].peek() !== null || devices.opening[kind].peek();

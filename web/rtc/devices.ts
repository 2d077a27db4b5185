// Cameras, microphones and loudspeakers: what there is, what is open, and in words why something is
// not.
import { signal, type Signal } from '../protocol/signal.ts';

export type DeviceKind = 'audio' | 'video';
export type Trouble = 'denied' | 'missing' | 'busy' | 'insecure' | 'unknown';

export interface Prefs {
  microphone: string;
  camera: string;
  speaker: string;
  noise: boolean;
  echo: boolean;
  gain: boolean;
}

/** What went wrong, for people. */
export const TROUBLE: Record<Trouble, (kind: DeviceKind) => string> = {
  denied: (k) =>
    `This browser does not let the page use your ${word(k)}. You can allow it in the address bar, or join without.`,
  missing: (k) => `No ${word(k)} was found. You can join without one.`,
  busy: (k) => `Your ${word(k)} is in use by another program.`,
  insecure: (k) => `The browser gives a ${word(k)} to secure pages only.`,
  unknown: (k) => `Your ${word(k)} could not be started.`,
};
const word = (kind: DeviceKind) => (kind === 'audio' ? 'microphone' : 'camera');

function troubleOf(error: unknown): Trouble {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'busy';
  return 'unknown';
}

export class Devices {
  readonly microphones: Signal<MediaDeviceInfo[]> = signal<MediaDeviceInfo[]>([]);
  readonly cameras: Signal<MediaDeviceInfo[]> = signal<MediaDeviceInfo[]>([]);
  readonly speakers: Signal<MediaDeviceInfo[]> = signal<MediaDeviceInfo[]>([]);
  readonly audio: Signal<MediaStreamTrack | null> = signal<MediaStreamTrack | null>(null);
  readonly video: Signal<MediaStreamTrack | null> = signal<MediaStreamTrack | null>(null);
  readonly trouble: Record<DeviceKind, Signal<Trouble | null>> = {
    audio: signal<Trouble | null>(null),
    video: signal<Trouble | null>(null),
  };
  readonly opening: Record<DeviceKind, Signal<boolean>> = {
    audio: signal(false),
    video: signal(false),
  };
  /** A device that was in use went away by itself. */
  onlost: (kind: DeviceKind) => void = () => undefined;
  private readonly turn: Record<DeviceKind, number> = { audio: 0, video: 0 };

  constructor(readonly prefs: Prefs) {
    navigator.mediaDevices?.addEventListener('devicechange', this.refresh);
    void this.refresh();
  }

  readonly refresh = async (): Promise<void> => {
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind && d.deviceId);
    this.microphones.set(of('audioinput'));
    this.cameras.set(of('videoinput'));
    this.speakers.set(of('audiooutput'));
  };

  /** Opens a device (the preferred one, else any). False: `trouble` says why. Never throws. */
  async open(kind: DeviceKind): Promise<boolean> {
    const turn = ++this.turn[kind];
    if (!navigator.mediaDevices) {
      this.trouble[kind].set('insecure');
      return false;
    }
    this.opening[kind].set(true);
    try {
      const track = await this.ask(kind);
      if (turn !== this.turn[kind]) {
        track.stop();
        return false;
      }
      this.take(kind, track);
      return true;
    } catch (error) {
      if (turn === this.turn[kind]) {
        this.trouble[kind].set(troubleOf(error));
        this.slot(kind).set(null);
      }
      return false;
    } finally {
      if (turn === this.turn[kind]) this.opening[kind].set(false);
      void this.refresh();
    }
  }

  /** Opens both with one question to the user; what is missing or refused is left out. */
  async openBoth(): Promise<void> {
    if (!navigator.mediaDevices)
      return void (await Promise.all([this.open('audio'), this.open('video')]));
    const turns = [++this.turn.audio, ++this.turn.video];
    this.opening.audio.set(true);
    this.opening.video.set(true);
    const stream = await navigator.mediaDevices
      .getUserMedia({
        ...this.constraints('audio', this.prefs.microphone),
        ...this.constraints('video', this.prefs.camera),
      })
      .catch(() => null);
    if (turns[0] !== this.turn.audio || turns[1] !== this.turn.video)
      return stream?.getTracks().forEach((t) => t.stop());
    this.opening.audio.set(false);
    this.opening.video.set(false);
    if (stream) for (const track of stream.getTracks()) this.take(track.kind as DeviceKind, track);
    else await Promise.all([this.open('audio'), this.open('video')]);
    void this.refresh();
  }

  /** Stops the device: its light goes out. */
  stop(kind: DeviceKind): void {
    this.turn[kind]++;
    this.opening[kind].set(false);
    const track = this.slot(kind).peek();
    this.slot(kind).set(null);
    track?.stop();
  }

  close(): void {
    this.stop('audio');
    this.stop('video');
    navigator.mediaDevices?.removeEventListener('devicechange', this.refresh);
  }

  private slot(kind: DeviceKind): Signal<MediaStreamTrack | null> {
    return kind === 'audio' ? this.audio : this.video;
  }

  private take(kind: DeviceKind, track: MediaStreamTrack): void {
    const slot = this.slot(kind);
    const old = slot.peek();
    track.onended = () => {
      if (slot.peek() !== track) return;
      slot.set(null);
      this.onlost(kind);
    };
    this.trouble[kind].set(null);
    slot.set(track);
    if (old) {
      old.onended = null;
      old.stop();
    }
  }

  private async ask(kind: DeviceKind): Promise<MediaStreamTrack> {
    const id = kind === 'audio' ? this.prefs.microphone : this.prefs.camera;
    try {
      return await this.get(kind, id);
    } catch (error) {
      if (!id || troubleOf(error) !== 'missing') throw error;
      return this.get(kind, '');
    }
  }

  private async get(kind: DeviceKind, id: string): Promise<MediaStreamTrack> {
    const stream = await navigator.mediaDevices.getUserMedia(this.constraints(kind, id));
    return stream.getTracks()[0]!;
  }

  private constraints(kind: DeviceKind, id: string): MediaStreamConstraints {
    const device = id ? { deviceId: { exact: id } } : {};
    const { noise, echo, gain } = this.prefs;
    return kind === 'audio'
      ? {
          audio: {
            ...device,
            noiseSuppression: noise,
            echoCancellation: echo,
            autoGainControl: gain,
          },
        }
      : {
          video: {
            ...device,
            width: { ideal: 1280 },
            height: { ideal: 720 },
            frameRate: { ideal: 30, max: 30 },
          },
        };
  }
}

/** Loudness of a track, 0 to 1, about 20 times a second; the returned function ends it. */
export function meter(track: MediaStreamTrack, level: (value: number) => void): () => void {
  const context = new AudioContext();
  const source = context.createMediaStreamSource(new MediaStream([track]));
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = window.setInterval(() => {
    if (context.state === 'suspended') void context.resume().catch(() => undefined);
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const s of samples) sum += s * s;
    const decibels = 20 * Math.log10(Math.sqrt(sum / samples.length) + 1e-6);
    level(Math.min(1, Math.max(0, (decibels + 60) / 55)));
  }, 50);
  return () => {
    clearInterval(timer);
    source.disconnect();
    void context.close();
  };
}

/** Whether a loudspeaker can be chosen here. */
export const canChooseSpeaker = 'setSinkId' in HTMLMediaElement.prototype;

// The screen that this page shares: one at a time, with its sound where the browser gives it.
import { signal } from '../protocol/signal.ts';
import type { Screen } from './model.ts';

export class Share {
  readonly state = signal<Screen>({ on: false, sound: false });
  readonly video = signal<MediaStreamTrack | null>(null);
  readonly sound = signal<MediaStreamTrack | null>(null);

  /** Asks the user what to share. `refused` is the user's own no; `wanted` is asked once more after. */
  async start(wanted: () => boolean): Promise<'shared' | 'refused' | 'failed'> {
    let stream: MediaStream;
    try {
      const video = { frameRate: { ideal: 15, max: 30 } };
      stream = await navigator.mediaDevices.getDisplayMedia({ video, audio: true });
    } catch (e) {
      return e instanceof DOMException && e.name === 'NotAllowedError' ? 'refused' : 'failed';
    }
    const [video] = stream.getVideoTracks();
    const [sound] = stream.getAudioTracks();
    if (!video || !wanted()) {
      for (const track of stream.getTracks()) track.stop();
      return 'refused';
    }
    this.stop();
    video.contentHint = 'detail';
    if (sound) sound.contentHint = 'music';
    video.onended = () => this.stop();
    this.sound.set(sound ?? null);
    this.video.set(video);
    this.state.set({ on: true, sound: Boolean(sound) });
    return 'shared';
  }

  stop(): void {
    for (const track of [this.video.peek(), this.sound.peek()]) {
      if (!track) continue;
      track.onended = null;
      track.stop();
    }
    this.video.set(null);
    this.sound.set(null);
    this.state.set({ on: false, sound: false });
  }
}

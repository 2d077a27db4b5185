// Encoded transforms (RTCRtpScriptTransform) in the worker: every frame of a sender is sealed, every
// frame of a receiver opened, in order, or dropped and counted. Nothing passes in clear.
import type { DropReason, Source, Track } from './api.ts';
import { concat, type Bytes } from './bytes.ts';
import { CODEC, FRAME_HEAD, senderOf, type Core } from './core.ts';
import { openFrame, sealFrame, type FrameKeys } from './webcrypto.ts';
import type { CodecTable, TransformOptions } from './wire.ts';

type EncodedFrame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;

interface Metadata {
  payloadType?: number;
  mimeType?: string;
}

/** RTCRtpScriptTransformer, as far as we use it. */
export interface Transformer {
  readonly readable: ReadableStream<EncodedFrame>;
  readonly writable: WritableStream<EncodedFrame>;
  readonly options: unknown;
}

export interface TransformHost {
  core: Core;
  keys: FrameKeys;
  /** A call is on: its book counts. */
  active(): boolean;
  wantKeyFrame(direction: 'send' | 'receive', source: Source): void;
}

export class Transforms {
  private readonly live = new Map<number, TransformOptions>();
  private readonly waiting = new Map<number, boolean>(); // dropped for want of a key
  private readonly seen = new Map<number, number>(); // frames to be sent, by transform
  private table: CodecTable = {};

  constructor(private readonly host: TransformHost) {}

  setCodecs(table: CodecTable): void {
    this.table = table;
  }
  isLive(id: number): boolean {
    return this.live.has(id);
  }
  /** The receiver now carries another member's or another track's frames. */
  assign(id: number, source: Source): void {
    const options = this.live.get(id);
    if (options) Object.assign(options, source);
  }
  /** Frames that came to it, sealed or dropped. */
  seenBy(id: number): number {
    return this.seen.get(id) ?? 0;
  }
  get(id: number): TransformOptions | undefined {
    return this.live.get(id);
  }
  /** A key came: video that was dropped for want of it needs a frame that stands alone. */
  keyCame(sender: number | null): void {
    for (const [id, options] of this.live) {
      const mine = options.direction === 'send';
      if (mine !== (sender === null) || (!mine && senderOf(options.leafId) !== sender)) continue;
      const video = options.track === 2 || options.track === 3;
      if (video && (mine || this.waiting.get(id)))
        this.host.wantKeyFrame(options.direction, { leafId: options.leafId, track: options.track });
      this.waiting.delete(id);
    }
  }

  run(transformer: Transformer): void {
    const options = { ...(transformer.options as TransformOptions) };
    this.live.set(options.id, options);
    const step =
      options.direction === 'send'
        ? (frame: EncodedFrame) => this.seal(options, frame)
        : (frame: EncodedFrame) => this.open(options, frame);
    const pipe = new TransformStream<EncodedFrame, EncodedFrame>({
      async transform(frame, controller) {
        if (frame.data.byteLength === 0) return; // padding that Chromium hands over as audio
        // One at a time, so order stays; a fault drops the frame and never lets it through.
        if (await step(frame).catch(() => false)) controller.enqueue(frame);
      },
    });
    transformer.readable
      .pipeThrough(pipe)
      .pipeTo(transformer.writable)
      .catch(() => undefined)
      .finally(() => this.live.delete(options.id));
  }

  private codec(frame: EncodedFrame): number | null {
    const metadata = frame.getMetadata() as Metadata;
    const name =
      metadata.mimeType?.split('/')[1]?.toLowerCase() ??
      (metadata.payloadType === undefined ? undefined : this.table[metadata.payloadType]);
    return name === 'opus' || name === 'vp8' || name === 'vp9' ? CODEC[name] : null;
  }

  private async seal(options: TransformOptions, frame: EncodedFrame): Promise<boolean> {
    const { core, keys } = this.host;
    this.seen.set(options.id, this.seenBy(options.id) + 1);
    if (!this.host.active()) return false;
    const data = new Uint8Array(frame.data);
    const codec = this.codec(frame);
    if (codec === null) return false;
    const sealing = core.seal(options.track, codec, data.subarray(0, FRAME_HEAD));
    const key = sealing && (await keys.of(sealing.kid));
    if (!sealing || !key) {
      this.waiting.set(options.id, true);
      return false;
    }
    const clear = data.subarray(0, sealing.clear);
    const additional = concat(sealing.header, clear);
    const sealed = await sealFrame(core, key, sealing.counter, additional, data.subarray(sealing.clear));
    frame.data = concat(clear, sealing.header, sealed).buffer;
    core.sealed(options.track);
    return true;
  }

  private async open(options: TransformOptions, frame: EncodedFrame): Promise<boolean> {
    const { core } = this.host;
    if (!this.host.active()) return false;
    const codec = this.codec(frame);
    const sender = senderOf(options.leafId);
    const track = options.track;
    if (codec === null) {
      core.drop(sender, track, 'codec');
      return false;
    }
    const opened = await this.openBytes({ sender, track, codec }, new Uint8Array(frame.data));
    if (typeof opened === 'string') {
      if (opened === 'no-key') this.waiting.set(options.id, true);
      return false;
    }
    frame.data = opened.buffer;
    return true;
  }

  /** The frame in clear, or why it was dropped (and that is counted). */
  async openBytes(
    from: { sender: number; track: Track | 0; codec: number; metadata?: Bytes },
    data: Uint8Array,
  ): Promise<Bytes | DropReason> {
    const { core, keys } = this.host;
    const { sender, track, codec } = from;
    const opening = core.open(sender, track, codec, data.subarray(0, FRAME_HEAD));
    if (typeof opening === 'string') return opening;
    const key = await keys.of(opening.kid);
    if (!key) {
      core.drop(sender, track, 'no-key');
      return 'no-key';
    }
    const clear = data.subarray(0, opening.clear);
    const body = opening.clear + opening.header;
    const header = data.subarray(opening.clear, body);
    const additional = concat(header, from.metadata ?? clear);
    const text = await openFrame(core, key, opening.counter, additional, data.subarray(body));
    if (!text) {
      core.drop(sender, track, 'forged');
      return 'forged';
    }
    if (!core.opened(sender, track, opening)) return 'replayed';
    return concat(clear, text);
  }
}

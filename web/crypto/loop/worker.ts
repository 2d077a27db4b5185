// The crypto worker of the loop test: the real one, with a hand between its sealing transforms and the
// network that alters, replays or replaces frames as a dishonest SFU could.
import '../worker.ts';
import type { Transformer } from '../transform.ts';
import type { TransformOptions } from '../wire.ts';

type Mode = 'none' | 'alter' | 'replay' | 'plaintext';
type Frame = RTCEncodedVideoFrame | RTCEncodedAudioFrame;

const scope = self as unknown as {
  onrtctransform: (event: { transformer: Transformer }) => void;
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void;
};
let mode: Mode = 'none';
scope.addEventListener('message', (event) => {
  const asked = (event.data as { tamper?: Mode }).tamper;
  if (asked) mode = asked;
});

const handle = scope.onrtctransform;
scope.onrtctransform = ({ transformer }) => {
  if ((transformer.options as TransformOptions).direction === 'receive') {
    return handle({ transformer });
  }
  let plain: ArrayBuffer | null = null;
  let first: ArrayBuffer | null = null;
  const before = new TransformStream<Frame, Frame>({
    transform(frame, out) {
      plain = frame.data.slice(0);
      out.enqueue(frame);
    },
  });
  const after = new TransformStream<Frame, Frame>({
    transform(frame, out) {
      const data = new Uint8Array(frame.data.slice(0));
      if (mode === 'none') first = data.buffer.slice(0);
      if (mode === 'alter') data[data.length - 1]! ^= 1;
      frame.data =
        mode === 'plaintext' && plain ? plain : mode === 'replay' && first ? first : data.buffer;
      out.enqueue(frame);
    },
  });
  void after.readable.pipeTo(transformer.writable).catch(() => undefined);
  handle({
    transformer: {
      readable: transformer.readable.pipeThrough(before),
      writable: after.writable,
      options: transformer.options,
    },
  });
};

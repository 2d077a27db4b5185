// The few things the page reads from or adds to a session description (RFC 8866). Pure.

export type CodecName = 'opus' | 'vp8' | 'vp9';

const KNOWN: Record<string, CodecName> = {
  'opus/48000': 'opus',
  'vp8/90000': 'vp8',
  'vp9/90000': 'vp9',
};

/** Payload type → codec, for the codecs that frames are sealed for. */
export function codecTable(...descriptions: string[]): Record<number, CodecName> {
  const table: Record<number, CodecName> = {};
  for (const sdp of descriptions) {
    for (const [, pt, name, clock] of sdp.matchAll(/^a=rtpmap:(\d+) ([\w-]+)\/(\d+)/gm)) {
      const codec = KNOWN[`${name!.toLowerCase()}/${clock}`];
      if (codec) table[Number(pt)] = codec;
    }
  }
  return table;
}

/**
 * RFC 7587 §6.1: what the far end says it likes is what our encoder does: silence suppression and
 * in-band repair, and stereo where `music` goes out too. All lines say the same: one payload type in
 * a BUNDLE group has one set of parameters (RFC 8843 §9.1); bit rates are each sender's own.
 */
export function tuneOpus(answer: string, music: boolean): string {
  const [head, ...sections] = answer.split(/^(?=m=)/m);
  return [head, ...sections.map((section) => tuneSection(section, music))].join('');
}

function tuneSection(section: string, music: boolean): string {
  const pt = /^a=rtpmap:(\d+) opus\/48000/im.exec(section)?.[1];
  if (!section.startsWith('m=audio') || !pt) return section;
  const wish: Record<string, string> = { minptime: '10', useinbandfec: '1', usedtx: '1' };
  if (music) Object.assign(wish, { stereo: '1', 'sprop-stereo': '1' });
  const line = new RegExp(`^a=fmtp:${pt} (.*?)\\r?$`, 'm');
  const have = Object.fromEntries(
    (line.exec(section)?.[1] ?? '')
      .split(';')
      .filter(Boolean)
      .map((p) => {
        const [name, value = ''] = p.trim().split('=');
        return [name!, value];
      }),
  );
  const text =
    `a=fmtp:${pt} ` +
    Object.entries({ ...have, ...wish })
      .map(([k, v]) => `${k}=${v}`)
      .join(';');
  if (line.test(section)) return section.replace(line, text + '\r');
  return section.replace(new RegExp(`^(a=rtpmap:${pt} .*?)\\r?$`, 'm'), `$1\r\n${text}\r`);
}

/** Mids of the description, in order: what a request may name. */
export function mids(sdp: string): Set<string> {
  return new Set([...sdp.matchAll(/^a=mid:(\S+)/gm)].map((m) => m[1]!));
}

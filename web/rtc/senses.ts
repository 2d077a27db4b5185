// What is measured of a running connection: who is heard, and how well packets come.
import { TRACK, type LeafId } from '../protocol/messages.ts';
import type { Received } from '../protocol/quality.ts';
import { loudness } from '../protocol/speaker.ts';
import type { Peer } from './peer.ts';

/**
 * Loudness of each since the last time, from the sound as it was decoded here: nothing of it comes
 * from the server, which is not told who speaks (docs/adr/0007).
 */
export class Ears {
  private last = new Map<string, { energy: number; seconds: number }>();

  async hear(peer: Peer | null, ids: readonly LeafId[]): Promise<Map<LeafId, number>> {
    const levels = new Map<LeafId, number>(ids.map((id) => [id, 0]));
    const whose = new Map<string, LeafId>();
    for (const slot of peer?.received.values() ?? [])
      if (slot.track === TRACK.audio) whose.set(slot.transceiver.receiver.track.id, slot.member);
    if (!peer || !whose.size) return levels;
    const now: typeof this.last = new Map();
    (await peer.pc.getStats()).forEach((s) => {
      const who = s.type === 'inbound-rtp' && s.kind === 'audio' && whose.get(s.trackIdentifier);
      if (!who || s.totalAudioEnergy === undefined) return;
      const then = this.last.get(s.id);
      const sound = { energy: s.totalAudioEnergy, seconds: s.totalSamplesDuration };
      now.set(s.id, sound);
      if (then && levels.has(who)) levels.set(who, loudness(then, sound));
    });
    this.last = now;
    return levels;
  }
}

/** Counters of everything received until now. */
export async function received(pc: RTCPeerConnection): Promise<Received> {
  const now: Received = { at: performance.now(), packets: 0, lost: 0, bytes: 0, rtt_ms: 0 };
  (await pc.getStats()).forEach((s) => {
    if (s.type === 'inbound-rtp') {
      now.packets += s.packetsReceived ?? 0;
      now.lost += s.packetsLost ?? 0;
      now.bytes += s.bytesReceived ?? 0;
    } else if (s.type === 'candidate-pair' && s.nominated && s.currentRoundTripTime !== undefined) {
      now.rtt_ms = s.currentRoundTripTime * 1000;
    }
  });
  return now;
}

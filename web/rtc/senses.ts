// What is measured of a running connection: who is heard, and how well packets come.
import { TRACK, type LeafId } from '../protocol/messages.ts';
import type { Received } from '../protocol/quality.ts';
import type { Peer } from './peer.ts';

/**
 * Loudness of each, as decoded here after decryption: the server's word is not needed for who
 * speaks.
 */
export function heard(peer: Peer | null, ids: readonly LeafId[]): Map<LeafId, number> {
  const levels = new Map<LeafId, number>(ids.map((id) => [id, 0]));
  for (const slot of peer?.received.values() ?? []) {
    if (slot.track !== TRACK.audio || !levels.has(slot.member)) continue;
    const [source] = slot.transceiver.receiver.getSynchronizationSources();
    levels.set(slot.member, source?.audioLevel ?? 0);
  }
  return levels;
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

// The badge of a call: what the page watches on its connection, judged by the core, and each
// participant's figures behind it (e2ee.md).
import type { Badge, DropReason, ParticipantSecurity, Reason } from './api.ts';
import { fromHex, type Bytes } from './bytes.ts';
import { DROPS, senderOf, type BadgeAnswer, type Core, type View } from './core.ts';
import type { Transforms } from './transform.ts';
import { SentGuard } from './sent.ts';
import type { SentCount, Watched } from './wire.ts';

const UNPROTECTED_GRACE_MS = 1000; // a transform starts a moment after the page made it

export class Badges {
  private watched: Watched = { senders: [], receivers: [] };
  private readonly unprotectedSince = new Map<string, number>();
  private readonly guard = new SentGuard();
  private last = '';

  constructor(
    private readonly core: Core,
    private readonly transforms: Transforms,
  ) {}

  watch(watched: Watched): void {
    this.watched = watched;
  }

  sent(counts: SentCount[]): void {
    const now = performance.now();
    for (const { id, sent } of counts)
      this.guard.note(id, Number(sent), this.transforms.seenBy(id), now);
  }

  judge(): BadgeAnswer {
    return this.core.badge(this.unprotected());
  }

  /** The badge for an answer and the view after it; null when it is the same as the last one. */
  news(answer: BadgeAnswer, view: View): Badge | null {
    const badge: Badge = {
      state: answer.state as Badge['state'],
      reasons: answer.reasons as Reason[],
      participants: view.participants
        .filter((one) => one.accepted)
        .map((one) => security(one, answer)),
    };
    const shown = JSON.stringify(badge);
    if (shown === this.last) return null;
    this.last = shown;
    return badge;
  }

  // Senders and receivers whose frames do not go through a live transform of ours, for longer than a
  // start takes.
  private unprotected(): { senders: number[]; receivers: { leaf: Bytes; track: number }[] } {
    const now = performance.now();
    const bad = new Set<string>();
    const overdue = (name: string, id: number | null): boolean => {
      if (id !== null && this.transforms.isLive(id)) return false;
      bad.add(name);
      const since = this.unprotectedSince.get(name) ?? now;
      this.unprotectedSince.set(name, since);
      return now - since > UNPROTECTED_GRACE_MS;
    };
    const senders = this.watched.senders
      .filter((s, i) => overdue(`s${i}:${s.track}`, s.id) || (s.id !== null && this.guard.bad(s.id, now)))
      .map((s) => s.track);
    const receivers = this.watched.receivers
      .filter((r, i) => overdue(`r${i}:${r.source.leafId}:${r.source.track}`, r.id))
      .map((r) => ({ leaf: fromHex(r.source.leafId, 32) ?? new Uint8Array(32), track: r.source.track }));
    for (const name of [...this.unprotectedSince.keys()])
      if (!bad.has(name)) this.unprotectedSince.delete(name);
    return { senders, receivers };
  }
}

function security(one: View['participants'][number], answer: BadgeAnswer): ParticipantSecurity {
  const mine = answer.counts.filter((c) => c.sender === senderOf(one.leafId) && c.track !== 0);
  const sum = (of: (c: BadgeAnswer['counts'][number]) => number): number =>
    mine.reduce((all, c) => all + of(c), 0);
  const dropped = Object.fromEntries(
    DROPS.map((d) => [d, sum((c) => c.dropped[d])]),
  ) as Record<DropReason, number>;
  return {
    leafId: one.leafId,
    fingerprint: one.fingerprint,
    trust: one.trust,
    kem: 'X-Wing (ML-KEM-768 + X25519)',
    signature: 'ML-DSA-65',
    frames: 'AES-256-GCM (SFrame)',
    epoch: one.epoch,
    encrypted: sum((c) => c.sealed),
    decrypted: sum((c) => c.opened),
    plaintext: 0, // there is no way through a transform but sealed or opened
    failed: DROPS.reduce((all, d) => all + dropped[d], 0),
    dropped,
  };
}

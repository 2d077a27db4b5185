// Trust on first use: which device keys were seen under which names, and which were compared.
// A name that comes with another key than before is what the badge must say.
import type { Fingerprint, Pin, Trust } from './api.ts';
import type { Store } from './store.ts';

interface Stored {
  fingerprint: Fingerprint;
  names: string[]; // newest first
  firstSeen: number;
  confirmed: boolean;
}
const NAMES_MAX = 8;

/** Names are compared as people read them. */
const plain = (name: string): string => name.normalize('NFKC').trim().toLowerCase();

export class Pins {
  private readonly pins = new Map<Fingerprint, Stored>();
  /** Seen for the first time in this call: known, but not from before. */
  private readonly fresh = new Set<Fingerprint>();

  private constructor(private readonly store: Store) {}

  static async open(store: Store): Promise<Pins> {
    const pins = new Pins(store);
    for (const pin of await store.all<Stored>('pins')) pins.pins.set(pin.fingerprint, pin);
    return pins;
  }

  startCall(): void {
    this.fresh.clear();
  }

  /** Says what this device under this name is to us, without noting it. */
  trust(fingerprint: Fingerprint, name: string): Trust {
    const pin = this.pins.get(fingerprint);
    const wanted = plain(name);
    const known = pin !== undefined && pin.names.some((n) => plain(n) === wanted);
    if (wanted !== '' && !known && this.others(fingerprint, wanted)) return 'changed';
    if (!pin) return 'first-use';
    if (pin.confirmed) return 'confirmed';
    return this.fresh.has(fingerprint) ? 'first-use' : 'pinned';
  }

  /** Trust on first use, once the name is known. A changed key is never noted by itself. */
  async see(fingerprint: Fingerprint, name: string): Promise<Trust> {
    const trust = this.trust(fingerprint, name);
    if (trust === 'changed' || plain(name) === '') return trust;
    const pin = this.pins.get(fingerprint);
    if (pin?.names[0] === name) return trust;
    await this.note(fingerprint, name, {});
    return this.trust(fingerprint, name);
  }

  /** The user compared the codes. */
  confirm(fingerprint: Fingerprint, name: string): Promise<void> {
    return this.note(fingerprint, name, { confirmed: true });
  }
  /** The user takes a changed key without comparing. */
  accept(fingerprint: Fingerprint, name: string): Promise<void> {
    return this.note(fingerprint, name, {});
  }

  list(): Pin[] {
    return [...this.pins.values()]
      .map((p) => ({
        fingerprint: p.fingerprint,
        name: p.names[0] ?? '',
        firstSeen: p.firstSeen,
        confirmed: p.confirmed,
      }))
      .sort((a, b) => b.firstSeen - a.firstSeen);
  }
  async forget(fingerprint: Fingerprint): Promise<void> {
    this.pins.delete(fingerprint);
    this.fresh.delete(fingerprint);
    await this.store.delete('pins', fingerprint);
  }

  private others(fingerprint: Fingerprint, wanted: string): boolean {
    for (const pin of this.pins.values())
      if (pin.fingerprint !== fingerprint && pin.names.some((n) => plain(n) === wanted)) return true;
    return false;
  }

  private async note(
    fingerprint: Fingerprint,
    name: string,
    change: { confirmed?: true },
  ): Promise<void> {
    const before = this.pins.get(fingerprint);
    if (!before) this.fresh.add(fingerprint);
    const names = [name, ...(before?.names ?? []).filter((n) => plain(n) !== plain(name))];
    const pin: Stored = {
      fingerprint,
      names: names.filter((n) => n !== '').slice(0, NAMES_MAX),
      firstSeen: before?.firstSeen ?? Date.now(),
      confirmed: before?.confirmed === true || change.confirmed === true,
    };
    this.pins.set(fingerprint, pin);
    await this.store.put('pins', fingerprint, pin);
  }
}

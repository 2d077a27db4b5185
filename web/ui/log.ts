// The log's page (/#log): shows the attestation log live, and checks each checkpoint's signatures
// and any receipt that is pasted, in this browser. The keys are the server's until they are pinned
// here; a change of pinned keys is shouted.
import { openCheckpoint, verifyReceipt, type Opened } from '../crypto/attestation.ts';
import { hex, parseVkey, tilePath, toBase64, type Vkey } from '../protocol/attestation.ts';
import { onCleanup, signal } from '../protocol/signal.ts';
import { loadCore, type Core } from '../wasm/core.ts';
import { button } from './bits.ts';
import { h, type Child } from './h.ts';
import { mark } from './icons.ts';

const LOG = '/log/0';
const PIN = 'v100-log-keys';
const EVERY_MS = 2000;

async function text(path: string): Promise<string> {
  const response = await fetch(path, { cache: 'no-cache' });
  if (!response.ok) throw new Error(`${path}: the server said ${response.status}`);
  return response.text();
}

interface View {
  opened: Opened;
  entries: { index: number; entry: string }[];
}

// The last entries of the log, newest first.
async function latest(size: number): Promise<View['entries']> {
  const index = Math.floor((size - 1) / 256);
  const width = size - index * 256;
  const response = await fetch(`${LOG}/${tilePath('entries', index, width)}`);
  if (!response.ok) return [];
  const bytes = new Uint8Array(await response.arrayBuffer());
  const out: View['entries'] = [];
  for (let at = 0, i = 0; at + 34 <= bytes.length; at += 34, ++i)
    out.push({ index: index * 256 + i, entry: hex(bytes.slice(at + 2, at + 34)) });
  return out.reverse().slice(0, 12);
}

/** Keys as pinned in this browser; the first sight of them is taken and said. */
async function pinnedKeys(): Promise<{ keys: Vkey[]; changed: boolean; first: boolean }> {
  const served = await text(`${LOG}/keys`);
  const pinned = localStorage.getItem(PIN);
  if (pinned === null) localStorage.setItem(PIN, served);
  const lines = (pinned ?? served).split('\n').filter((line) => line !== '');
  return {
    keys: lines.map(parseVkey),
    changed: pinned !== null && pinned !== served,
    first: pinned === null,
  };
}

export function logScreen(wasmUrl: string, home: Child): HTMLElement {
  const view = signal<View | null>(null);
  const trouble = signal('');
  const pin = signal('');
  const verdict = signal('');
  let core: Promise<Core> | null = null;
  const ready = () => (core ??= loadCore(fetch(wasmUrl)));
  let last: Opened | null = null;

  const look = async () => {
    try {
      const { keys, changed, first } = await pinnedKeys();
      pin.set(
        changed
          ? "The server shows other keys than the ones pinned here. The pinned ones are used."
          : first
            ? 'These keys were seen for the first time and are pinned in this browser now.'
            : 'The keys are the ones pinned in this browser.',
      );
      const opened = await openCheckpoint(await ready(), await text(`${LOG}/checkpoint`), keys);
      const now = opened.checkpoint;
      const before = last?.checkpoint;
      if (before && now.size < before.size) throw new Error('the log has shrunk');
      if (before && now.size === before.size && toBase64(now.root) !== toBase64(before.root))
        throw new Error('two signed roots for one size: the log has forked');
      last = opened;
      view.set({ opened, entries: await latest(now.size) });
      trouble.set('');
    } catch (e) {
      trouble.set(e instanceof Error ? e.message : String(e));
    }
  };
  const timer = setInterval(() => void look(), EVERY_MS);
  onCleanup(() => clearInterval(timer));
  void look();

  const box = h('textarea', {
    rows: 6,
    class: 'log-receipt',
    'aria-label': 'A receipt (.tlog-proof)',
    'data-testid': 'receipt',
    placeholder: 'c2sp.org/tlog-proof@v1 …',
  }) as HTMLTextAreaElement;
  const check = async () => {
    try {
      const { keys } = await pinnedKeys();
      const good = await verifyReceipt(await ready(), box.value.replace(/\n*$/, '\n'), keys);
      const { leaf, index } = good.receipt;
      verdict.set(
        `Good: leaf ${index}, ${leaf.kind}${leaf.service ? ` by ${leaf.service}` : ''}, lane ${leaf.lane}, ` +
          `${new Date(leaf.timeMs).toISOString()}, request ${hex(leaf.request)}, signed by ${good.signedBy
            .map((s) => s.type)
            .join(' and ')}.`,
      );
    } catch (e) {
      verdict.set(`Refused: ${e instanceof Error ? e.message : String(e)}`);
    }
  };

  return h(
    'div',
    { class: 'plain', 'data-testid': 'log' },
    h('header', { class: 'brand' }, mark(30), h('span', { class: 'wordmark' }, 'V100')),
    h(
      'main',
      { class: 'log-main' },
      h('h1', { tabindex: -1 }, 'The log of what was answered'),
      h('p', { class: 'muted' }, () => pin()),
      () => (trouble() ? h('p', { class: 'error', role: 'alert' }, trouble()) : null),
      () => {
        const v = view();
        if (!v) return h('p', { class: 'muted' }, 'Reading the log…');
        const c = v.opened.checkpoint;
        return h(
          'section',
          { class: 'card log-card', 'data-testid': 'log-checkpoint' },
          h('p', null, `${c.origin}: ${c.size} leaves`),
          h('p', { class: 'mono' }, `root ${toBase64(c.root)}`),
          h(
            'p',
            null,
            `Signatures verified here: ${v.opened.signedBy.map((s) => s.type).join(', ')}`,
          ),
          h(
            'ol',
            { class: 'log-entries mono', reversed: true },
            v.entries.map((e) => h('li', { value: e.index }, e.entry)),
          ),
        );
      },
      h(
        'section',
        { class: 'card log-card' },
        h('h2', null, 'Check a receipt'),
        box,
        h(
          'div',
          { class: 'actions' },
          button('Check it here', () => void check(), {
            class: 'button primary',
            'data-testid': 'check-receipt',
          }),
          home,
        ),
        h('p', { role: 'status', class: 'log-verdict', 'data-testid': 'verdict' }, () => verdict()),
      ),
    ),
  );
}

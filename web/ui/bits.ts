// Small parts that all screens share.
import { qr } from '../protocol/qr.ts';
import { effect, root, signal } from '../protocol/signal.ts';
import { h, svg, type Child, type Props } from './h.ts';
import { icon, type IconName } from './icons.ts';

export function button(
  label: Child,
  onclick: (e: MouseEvent) => void,
  props: Props = {},
): HTMLButtonElement {
  return h('button', { type: 'button', class: 'button', onclick, ...props }, label);
}

/** A button that is only an icon: `label` is its name for everyone who cannot see it. */
export function iconButton(
  name: IconName | (() => IconName),
  label: string | (() => string),
  onclick: (e: MouseEvent) => void,
  props: Props = {},
): HTMLButtonElement {
  return h(
    'button',
    { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick, ...props },
    icon(name),
  );
}

export function toggle(
  label: Child,
  on: () => boolean,
  change: (on: boolean) => void,
  props: Props = {},
): HTMLLabelElement {
  const input = h('input', {
    type: 'checkbox',
    role: 'switch',
    checked: on,
    onchange: (e: Event) => change((e.target as HTMLInputElement).checked),
    ...props,
  });
  return h(
    'label',
    { class: 'switch' },
    h('span', { class: 'switch-label' }, label),
    input,
    h('span', { class: 'switch-track', 'aria-hidden': 'true' }),
  );
}

export interface Choice {
  value: string;
  label: string;
}

export function select(
  label: string,
  choices: () => Choice[],
  value: () => string,
  change: (value: string) => void,
  props: Props = {},
): HTMLLabelElement {
  const box = h('select', {
    'aria-label': label,
    onchange: (e: Event) => change((e.target as HTMLSelectElement).value),
    ...props,
  });
  effect(() => {
    const list = choices();
    const now = value();
    box.replaceChildren(...list.map((c) => h('option', { value: c.value }, c.label)));
    box.value = list.some((c) => c.value === now) ? now : (list[0]?.value ?? '');
    box.disabled = list.length === 0;
  });
  return h(
    'label',
    { class: 'field' },
    h('span', { class: 'field-label' }, label),
    h('span', { class: 'select' }, box, icon('chevron', 18)),
  );
}

/** Initials on a colour of one's own: the hue comes from the leaf, the shade from the theme. */
export function avatar(name: () => string, seed: () => string): HTMLElement {
  const initials = () => {
    const words = name().trim().split(/\s+/).filter(Boolean);
    const first = [...(words[0] ?? '')][0] ?? '?';
    const last = words.length > 1 ? ([...words[words.length - 1]!][0] ?? '') : '';
    return (first + last).toUpperCase();
  };
  const element = h('span', { class: 'avatar', 'aria-hidden': 'true' }, initials);
  effect(() =>
    element.style.setProperty('--hue', String((parseInt(seed().slice(0, 6) || '0', 16) % 24) * 15)),
  );
  return element;
}

export function qrImage(text: string, label: string): Element {
  const code = qr(text);
  if (!code) return h('p', { class: 'muted' }, 'This is too long for a QR code.');
  let path = '';
  for (let y = 0; y < code.size; y++) {
    for (let x = 0; x < code.size; x++) if (code.dark(x, y)) path += `M${x} ${y}h1v1h-1z`;
  }
  const side = code.size + 8;
  return svg(
    'svg',
    {
      viewBox: `-4 -4 ${side} ${side}`,
      class: 'qr',
      role: 'img',
      'aria-label': label,
      'shape-rendering': 'crispEdges',
    },
    svg('rect', { x: -4, y: -4, width: side, height: side, fill: '#fff' }),
    svg('path', { d: path, fill: '#000' }),
  );
}

/** Copies; the button says so for two seconds. */
export function copyButton(
  text: () => string,
  label: string,
  props: Props = {},
): HTMLButtonElement {
  const done = signal(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
    } catch {
      const area = h('textarea', { class: 'visually-hidden', 'aria-hidden': 'true' });
      area.value = text();
      document.body.append(area);
      area.select();
      document.execCommand('copy');
      area.remove();
    }
    done.set(true);
    setTimeout(() => done.set(false), 2000);
  };
  return button(
    [
      icon(() => (done() ? 'check' : 'copy'), 18),
      h('span', { 'aria-live': 'polite' }, () => (done() ? 'Copied' : label)),
    ],
    () => void copy(),
    props,
  );
}

/**
 * A modal in the browser's own <dialog>: it keeps the focus, Escape closes it, and focus goes
 * back.
 */
export function dialog(
  title: string,
  body: (close: () => void) => Child,
  options: { class?: string; testid?: string } = {},
): void {
  const box = h('dialog', {
    class: `dialog ${options.class ?? ''}`,
    'aria-labelledby': 'dialog-title',
    'data-testid': options.testid,
  });
  const close = () => box.close();
  box.append(
    h(
      'header',
      { class: 'dialog-head' },
      h('h2', { id: 'dialog-title', tabindex: -1, autofocus: true }, title),
      iconButton('close', 'Close', close, { class: 'icon-button quiet' }),
    ),
  );
  const dispose = root((end) => {
    box.append(h('div', { class: 'dialog-body' }, body(close)));
    return end;
  });
  box.addEventListener('click', (e) => e.target === box && close());
  box.addEventListener('close', () => {
    dispose();
    box.remove();
  });
  document.body.append(box);
  box.showModal();
}

/** Level meter, 0 to 1. */
export function levelBar(level: () => number): HTMLElement {
  const fill = h('span', { class: 'level-fill' });
  effect(() => fill.style.setProperty('transform', `scaleX(${level().toFixed(3)})`));
  return h(
    'span',
    {
      class: 'level',
      role: 'meter',
      'aria-label': 'Microphone level',
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'aria-valuenow': () => Math.round(level() * 100),
    },
    fill,
  );
}

export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, '0');
  return s >= 3600
    ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`
    : `${Math.floor(s / 60)}:${two(s % 60)}`;
}

/** Groups of a fingerprint for reading: 16 groups of four. */
export const groups = (hex: string): string => hex.match(/.{1,4}/g)?.join(' ') ?? '';

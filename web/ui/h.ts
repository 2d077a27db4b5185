// DOM by function: h('button', {onclick, disabled: () => busy()}, 'Join'). A function as attribute
// or child is followed by an effect. No markup is ever parsed from text, so nothing can be
// injected.
import { effect, onCleanup, root, signal, type Read, type Signal } from '../protocol/signal.ts';

export type Child = Node | string | number | false | null | undefined | Child[] | (() => Child);
type Value = string | number | boolean | null | undefined;
export type Props = Record<string, unknown>;

const SVG = 'http://www.w3.org/2000/svg';
const PROPERTIES = new Set([
  'value',
  'checked',
  'srcObject',
  'muted',
  'volume',
  'disabled',
  'indeterminate',
  'open',
]);

function put(element: Element, key: string, value: unknown): void {
  if (key === 'style') {
    for (const [name, v] of Object.entries(value as Record<string, string>))
      (element as HTMLElement).style.setProperty(name, v);
  } else if (PROPERTIES.has(key)) {
    const target = element as unknown as Record<string, unknown>;
    if (target[key] !== value) target[key] = value;
  } else if (value === false || value === null || value === undefined) {
    if (key.startsWith('aria-') && value === false) element.setAttribute(key, 'false');
    else element.removeAttribute(key);
  } else {
    element.setAttribute(
      key,
      value === true ? (key.startsWith('aria-') ? 'true' : '') : String(value as Value),
    );
  }
}

function assign(element: Element, props: Props): void {
  for (const [key, value] of Object.entries(props)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value as EventListener);
    else if (key === 'ref') (value as (e: Element) => void)(element);
    else if (typeof value === 'function')
      effect(() => put(element, key, (value as () => unknown)()));
    else put(element, key, value);
  }
}

function nodes(child: Child): Node[] {
  if (Array.isArray(child)) return child.flatMap(nodes);
  if (child === null || child === undefined || child === false) return [];
  if (typeof child === 'function') return follow(child);
  return [child instanceof Node ? child : document.createTextNode(String(child))];
}

// A child that changes lives between its two comments.
function follow(child: () => Child): Node[] {
  const [from, to] = [document.createComment(''), document.createComment('')];
  let first: Node[] | null = null;
  effect(() => {
    const next = nodes(child());
    if (first === null) {
      first = next;
      return;
    }
    while (from.nextSibling && from.nextSibling !== to) from.nextSibling.remove();
    to.before(...next);
  });
  return [from, ...first!, to];
}

export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props?: Props | null,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  element.append(...nodes(children));
  if (props) assign(element, props);
  return element;
}

export function svg(tag: string, props?: Props | null, ...children: Child[]): SVGElement {
  const element = document.createElementNS(SVG, tag);
  element.append(...nodes(children));
  if (props) assign(element, props);
  return element;
}

/**
 * Children of a list, kept by key: an item that stays keeps its element (and its video its
 * picture).
 */
export function each<T>(
  items: () => readonly T[],
  key: (item: T) => string,
  render: (item: Read<T>) => Element,
): () => Child {
  const kept = new Map<string, { item: Signal<T>; element: Element; dispose: () => void }>();
  const host: { from: Comment; to: Comment } = {
    from: document.createComment(''),
    to: document.createComment(''),
  };
  const sync = () => {
    const list = items();
    const keys = new Set(list.map(key));
    for (const [k, entry] of kept) {
      if (keys.has(k)) continue;
      entry.dispose();
      entry.element.remove();
      kept.delete(k);
    }
    let at: Node = host.from;
    for (const value of list) {
      const k = key(value);
      let entry = kept.get(k);
      if (!entry) {
        const item = signal(value);
        entry = root((dispose) => ({ item, element: render(item), dispose }));
        kept.set(k, entry);
      } else {
        entry.item.set(value);
      }
      if (at.nextSibling !== entry.element)
        at.parentNode!.insertBefore(entry.element, at.nextSibling);
      at = entry.element;
    }
  };
  let made = false;
  return () => {
    if (made) throw new Error('each: rendered twice');
    made = true;
    const fragment = document.createDocumentFragment();
    fragment.append(host.from, host.to);
    effect(sync);
    onCleanup(() => {
      for (const entry of kept.values()) entry.dispose();
      kept.clear();
    });
    return [...fragment.childNodes];
  };
}

/** Something while a condition holds; built anew each time it begins to. */
export function when(
  condition: () => unknown,
  then: () => Child,
  otherwise?: () => Child,
): () => Child {
  const state = signal(false);
  effect(() => state.set(Boolean(condition())));
  let dispose: (() => void) | null = null;
  onCleanup(() => dispose?.());
  return () => {
    const on = state();
    dispose?.();
    return root((d) => {
      dispose = d;
      return on ? nodes(then()) : nodes(otherwise?.());
    });
  };
}

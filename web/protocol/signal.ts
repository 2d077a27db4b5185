// Values that tell who reads them when they change. Effects run together in a microtask, once each,
// in the order in which they were made; a computed value is fresh whenever it is read.

export interface Read<T> {
  (): T;
  /** The value without becoming its reader. */
  peek(): T;
}
export interface Signal<T> extends Read<T> {
  set(value: T): void;
  update(change: (value: T) => T): void;
}

interface Reader {
  readonly sources: Set<Set<Reader>>;
  stale(): void;
}

type Cleanup = () => void;
let reader: Reader | null = null;
let owner: Cleanup[] | null = null;
const queue = new Set<() => void>();

function drain(): void {
  for (const run of queue) {
    queue.delete(run);
    run();
  }
}

function schedule(run: () => void): void {
  if (!queue.size) queueMicrotask(drain);
  queue.add(run);
}

function watch(readers: Set<Reader>): void {
  if (!reader) return;
  readers.add(reader);
  reader.sources.add(readers);
}

function unwatch(who: Reader): void {
  for (const readers of who.sources) readers.delete(who);
  who.sources.clear();
}

function as<T>(who: Reader | null, cleanups: Cleanup[] | null, f: () => T): T {
  const [oldReader, oldOwner] = [reader, owner];
  [reader, owner] = [who, cleanups];
  try {
    return f();
  } finally {
    [reader, owner] = [oldReader, oldOwner];
  }
}

export function signal<T>(initial: T, same: (a: T, b: T) => boolean = Object.is): Signal<T> {
  let value = initial;
  const readers = new Set<Reader>();
  const read = (() => {
    watch(readers);
    return value;
  }) as Signal<T>;
  read.peek = () => value;
  read.set = (next) => {
    if (same(value, next)) return;
    value = next;
    for (const r of [...readers]) r.stale();
  };
  read.update = (change) => read.set(change(value));
  return read;
}

export function computed<T>(f: () => T): Read<T> {
  let value: T;
  let fresh = false;
  const readers = new Set<Reader>();
  const me: Reader = {
    sources: new Set(),
    stale() {
      if (!fresh) return;
      fresh = false;
      for (const r of [...readers]) r.stale();
    },
  };
  const refresh = () => {
    if (fresh) return;
    unwatch(me);
    value = as(me, null, f);
    fresh = true;
  };
  const read = (() => {
    watch(readers);
    refresh();
    return value;
  }) as Read<T>;
  read.peek = () => {
    refresh();
    return value;
  };
  return read;
}

/**
 * Runs `f` now and again after what it read changed. What onCleanup was given in it runs before
 * each.
 */
export function effect(f: () => void): Cleanup {
  let cleanups: Cleanup[] = [];
  let dead = false;
  const me: Reader = { sources: new Set(), stale: () => schedule(run) };
  const stop = () => {
    unwatch(me);
    const old = cleanups;
    cleanups = [];
    for (const c of old.reverse()) c();
  };
  function run(): void {
    if (dead) return;
    stop();
    as(me, cleanups, f);
  }
  run();
  const end = () => {
    dead = true;
    stop();
  };
  owner?.push(end);
  return end;
}

/** Runs when the effect or root around it ends or runs again. */
export function onCleanup(f: Cleanup): void {
  owner?.push(f);
}

/** Reads without becoming a reader. */
export function untracked<T>(f: () => T): T {
  return as(null, owner, f);
}

/** A place of its own for effects; the returned function ends them all. */
export function root<T>(f: (dispose: Cleanup) => T): T {
  const cleanups: Cleanup[] = [];
  const dispose = () => {
    for (const c of cleanups.splice(0).reverse()) c();
  };
  return as(null, cleanups, () => f(dispose));
}

// What this browser remembers of its user: name, devices, looks. No key, no link.
import type { Prefs as DevicePrefs } from '../rtc/devices.ts';
import { effect, signal, type Signal } from '../protocol/signal.ts';

export interface Prefs extends DevicePrefs {
  name: string;
  micOn: boolean;
  cameraOn: boolean;
  mirror: boolean;
  theme: 'auto' | 'light' | 'dark';
  codec: 'VP8' | 'VP9';
}

const DEFAULTS: Prefs = {
  name: '',
  micOn: true,
  cameraOn: true,
  mirror: true,
  theme: 'auto',
  codec: 'VP8',
  microphone: '',
  camera: '',
  speaker: '',
  noise: true,
  echo: true,
  gain: true,
};
const KEY = 'v100.prefs';

function load(): Prefs {
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
    const kept = Object.entries(DEFAULTS).map(([k, v]) => [
      k,
      typeof stored[k] === typeof v ? stored[k] : v,
    ]);
    return Object.fromEntries(kept) as Prefs;
  } catch {
    return { ...DEFAULTS };
  }
}

/** The one copy; `devices` holds the same object, so a choice counts at the next opening. */
export const prefs: Prefs = load();
export const prefsChanged: Signal<number> = signal(0);

export function setPref<K extends keyof Prefs>(key: K, value: Prefs[K]): void {
  prefs[key] = value;
  prefsChanged.update((n) => n + 1);
  try {
    localStorage.setItem(KEY, JSON.stringify(prefs));
  } catch {
    // A browser that keeps nothing still makes calls.
  }
}

/** A preference as something to read in effects. */
export function pref<K extends keyof Prefs>(key: K): () => Prefs[K] {
  return () => (prefsChanged(), prefs[key]);
}

export function followTheme(): void {
  effect(() => {
    const theme = pref('theme')();
    if (theme === 'auto') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  });
}

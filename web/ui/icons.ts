// The page's own icons: 24 by 24, drawn with a round pen of 1.8 in the colour of the text.
import { svg } from './h.ts';

const PATHS = {
  mic: 'M12 3.5a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v2.8',
  micOff:
    'M15 9.2V6.5a3 3 0 0 0-5.7-1.3M9 9.5v2a3 3 0 0 0 4.6 2.5M5.5 11.5a6.5 6.5 0 0 0 10.7 5M18.4 12.6l.1-1.1M12 18v2.8M4 3.5l16 17',
  camera:
    'M4.5 6.5h9a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 2-2ZM15.5 10.6l4.6-2.8a.9.9 0 0 1 1.4.8v6.8a.9.9 0 0 1-1.4.8l-4.6-2.8',
  cameraOff:
    'M8.5 6.5h5a2 2 0 0 1 2 2v4.6M15 16.8a2 2 0 0 1-1.5.7h-9a2 2 0 0 1-2-2v-7a2 2 0 0 1 1.6-2M15.5 10.6l4.6-2.8a.9.9 0 0 1 1.4.8v6.8a.9.9 0 0 1-1.2.8M4 3.5l16 17',
  screen:
    'M4.5 4.5h15a2 2 0 0 1 2 2v8.5a2 2 0 0 1-2 2h-15a2 2 0 0 1-2-2V6.5a2 2 0 0 1 2-2ZM8.5 20.5h7M12 13.8V8.2M9.5 10.5 12 8l2.5 2.5',
  hand: 'M8 12.5V5.8a1.4 1.4 0 0 1 2.8 0V11M10.8 10.5V4.4a1.4 1.4 0 0 1 2.8 0V10.5M13.6 10.8V5.6a1.4 1.4 0 0 1 2.8 0v6.4M16.4 11V8.5a1.4 1.4 0 0 1 2.8 0V14.5a6.5 6.5 0 0 1-6.5 6.5h-.7a6 6 0 0 1-5-2.7L3.9 14a1.5 1.5 0 0 1 2.4-1.8L8 14',
  chat: 'M6.5 4.5h11a3 3 0 0 1 3 3v6a3 3 0 0 1-3 3h-5.2L8 20.2v-3.7H6.5a3 3 0 0 1-3-3v-6a3 3 0 0 1 3-3ZM8 9h8M8 12.3h5',
  people:
    'M9 11.2a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6ZM2.8 19.4a6.2 6.2 0 0 1 12.4 0M15.5 5a3.2 3.2 0 0 1 0 6.1M17.2 14.2a6 6 0 0 1 4 5.2',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  leave:
    'M3.2 14.6c5-4.6 12.6-4.6 17.6 0 .6.6.6 1.5 0 2.1l-1.1 1.1a1.5 1.5 0 0 1-1.8.3l-2.3-1.3a1.5 1.5 0 0 1-.7-1.3v-1.3a9 9 0 0 0-5.8 0v1.3c0 .5-.3 1-.7 1.3l-2.3 1.3a1.5 1.5 0 0 1-1.8-.3l-1.1-1.1a1.5 1.5 0 0 1 0-2.1Z',
  shield: 'M12 3.2 5 5.8v5.6c0 4.4 2.9 7.9 7 9.4 4.1-1.5 7-5 7-9.4V5.8L12 3.2Z',
  shieldCheck:
    'M12 3.2 5 5.8v5.6c0 4.4 2.9 7.9 7 9.4 4.1-1.5 7-5 7-9.4V5.8L12 3.2ZM8.8 12l2.2 2.2 4.2-4.4',
  shieldWarn:
    'M12 3.2 5 5.8v5.6c0 4.4 2.9 7.9 7 9.4 4.1-1.5 7-5 7-9.4V5.8L12 3.2ZM12 8v4.3M12 15.6v.01',
  lock: 'M6.5 10.5h11a1.5 1.5 0 0 1 1.5 1.5v6.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5V12a1.5 1.5 0 0 1 1.5-1.5ZM8 10.5V8a4 4 0 0 1 8 0v2.5',
  link: 'M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7l1-1',
  copy: 'M9 8.5h9a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5H9A1.5 1.5 0 0 1 7.5 19v-9A1.5 1.5 0 0 1 9 8.5ZM16 8.5V5A1.5 1.5 0 0 0 14.5 3.5h-9A1.5 1.5 0 0 0 4 5v9a1.5 1.5 0 0 0 1.5 1.5h2',
  check: 'M5 12.8l4.3 4.2L19 7.5',
  close: 'M6 6l12 12M18 6 6 18',
  chevron: 'M6 9.5l6 6 6-6',
  back: 'M14.5 5.5 8 12l6.5 6.5',
  grid: 'M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z',
  speaker: 'M3.5 5.5h17v9h-17zM3.5 18.5h4M10 18.5h4M16.5 18.5h4',
  pin: 'M9 3.8h6l-.7 5.7 3.2 3.5v1.5h-11V13l3.2-3.5L9 3.8ZM12 14.5v6',
  settings:
    'M4 7.5h8M16.5 7.5H20M4 16.5h3.5M12 16.5h8M14.2 9.7a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9.8 18.7a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z',
  volume: 'M4 9.5v5h3.5l4.5 4v-13l-4.5 4H4ZM15.5 9a4.2 4.2 0 0 1 0 6M18 6.5a7.8 7.8 0 0 1 0 11',
  send: 'M4.5 12 20 4.5 15.5 20l-3.2-6.3L4.5 12ZM12.3 13.7 20 4.5',
  crown: 'M4 8l4 3.5L12 5l4 6.5L20 8l-1.5 10h-13L4 8Z',
  remove:
    'M9 11.2a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6ZM2.8 19.4a6.2 6.2 0 0 1 12.4 0M16.5 8.5l4.5 4.5M21 8.5 16.5 13',
  warn: 'M12 4 2.8 19.5h18.4L12 4ZM12 10v4.5M12 17v.01',
  info: 'M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17ZM12 11v5.2M12 7.9v.01',
  plus: 'M12 5v14M5 12h14',
  full: 'M4 9V4.5h4.5M15.5 4.5H20V9M20 15v4.5h-4.5M8.5 19.5H4V15',
  keyboard:
    'M4 6.5h16a1.5 1.5 0 0 1 1.5 1.5v8a1.5 1.5 0 0 1-1.5 1.5H4A1.5 1.5 0 0 1 2.5 16V8A1.5 1.5 0 0 1 4 6.5ZM6.5 10h.01M10 10h.01M13.5 10h.01M17 10h.01M8 14h8',
  qr: 'M4.5 4.5h5v5h-5zM14.5 4.5h5v5h-5zM4.5 14.5h5v5h-5zM14.5 14.5h2v2M19.5 14.5v2M14.5 19.5h2M19.5 19.5v-.01',
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName | (() => IconName), size = 22): SVGElement {
  const path = typeof name === 'function' ? () => PATHS[name()] : PATHS[name];
  return svg(
    'svg',
    {
      viewBox: '0 0 24 24',
      width: size,
      height: size,
      class: 'icon',
      'aria-hidden': 'true',
      focusable: 'false',
    },
    svg('path', { d: path }),
  );
}

/** The mark: lattice points, of which the joined ones draw a V. */
export function mark(size = 28): SVGElement {
  const dots = [];
  for (let y = 0; y < 4; y++) {
    for (let x = 0; x < 5; x++) {
      const joined = x === y / 1.5 || x === 4 - y / 1.5;
      dots.push(
        svg('circle', {
          cx: 3 + x * 4.5,
          cy: 5.25 + y * 4.5,
          r: joined ? 1.5 : 0.9,
          class: joined ? 'mark-on' : 'mark-dot',
        }),
      );
    }
  }
  return svg(
    'svg',
    { viewBox: '0 0 24 24', width: size, height: size, class: 'mark', 'aria-hidden': 'true' },
    ...dots,
    svg('path', { d: 'M3 5.250 12 18.750 21 5.250', class: 'mark-line' }),
  );
}

/** Three bars of a connection. */
export function bars(level: () => number): SVGElement {
  const bar = (i: number) =>
    svg('rect', {
      x: 4 + i * 6,
      y: 15 - i * 5,
      width: 4,
      height: 5 + i * 5,
      rx: 1.5,
      class: () => (level() > i ? 'bar on' : 'bar'),
    });
  return svg(
    'svg',
    {
      viewBox: '0 0 24 24',
      width: 20,
      height: 20,
      class: () => `bars level-${level()}`,
      'aria-hidden': 'true',
    },
    bar(0),
    bar(1),
    bar(2),
  );
}

// Where each tile stands on the stage. Pure: a box and what is to be shown in, rectangles out.
import { bestGrid } from './grid.ts';

export interface Box {
  width: number;
  height: number;
}
export interface Rect extends Box {
  x: number;
  y: number;
}
export interface Placing {
  /** One rectangle a shown tile, in the order given; tiles beyond them are not shown. */
  readonly rects: Rect[];
  readonly hidden: number;
}

const GAP = 10;
const STRIP = { wide: 208, tall: 104 };
const LEAST = { wide: 150, narrow: 104 };

function most(box: Box): number {
  const across = Math.max(1, Math.floor(box.width / LEAST.wide));
  const down = Math.max(1, Math.floor(box.height / LEAST.narrow));
  return Math.min(49, Math.max(4, across * down));
}

/** All alike, centred, the last row too. */
export function gridLayout(box: Box, count: number): Placing {
  const shown = Math.min(count, most(box));
  if (box.width < 2 || box.height < 2 || !shown) return { rects: [], hidden: count };
  const g = bestGrid(box, shown, GAP);
  const rects: Rect[] = [];
  const top = (box.height - g.rows * g.height - (g.rows - 1) * GAP) / 2;
  for (let i = 0; i < shown; i++) {
    const row = Math.floor(i / g.columns);
    const inRow = Math.min(g.columns, shown - row * g.columns);
    const left = (box.width - inRow * g.width - (inRow - 1) * GAP) / 2;
    const column = i % g.columns;
    rects.push({
      x: Math.round(left + column * (g.width + GAP)),
      y: Math.round(top + row * (g.height + GAP)),
      width: g.width,
      height: g.height,
    });
  }
  return { rects, hidden: count - shown };
}

/**
 * The first on the stage, the others in a strip: at the right of a wide box, above in a tall one.
 */
export function stageLayout(box: Box, count: number): Placing {
  if (count <= 1) return gridLayoutFull(box, count);
  const wide = box.width > box.height;
  const side = wide
    ? Math.min(STRIP.wide, box.width * 0.24)
    : Math.min(STRIP.tall, box.height * 0.2);
  const tile = wide
    ? { width: side, height: (side * 9) / 16 }
    : { width: Math.min(side * 1.15, (box.width - 2 * GAP) / 3), height: side };
  const room = wide ? box.height : box.width;
  const each = (wide ? tile.height : tile.width) + GAP;
  const shown = Math.min(count - 1, Math.max(1, Math.floor((room + GAP) / each)));
  const start = Math.max(0, (room - shown * each + GAP) / 2);
  const main: Rect = wide
    ? { x: 0, y: 0, width: box.width - side - GAP, height: box.height }
    : { x: 0, y: side + GAP, width: box.width, height: box.height - side - GAP };
  const rects = [main];
  for (let i = 0; i < shown; i++) {
    rects.push(
      wide
        ? { x: box.width - side, y: start + i * each, ...tile }
        : { x: start + i * each, y: 0, ...tile },
    );
  }
  return { rects: rects.map(round), hidden: count - 1 - shown };
}

function gridLayoutFull(box: Box, count: number): Placing {
  return { rects: count ? [round({ x: 0, y: 0, ...box })] : [], hidden: 0 };
}

const round = (r: Rect): Rect => ({
  x: Math.round(r.x),
  y: Math.round(r.y),
  width: Math.floor(r.width),
  height: Math.floor(r.height),
});

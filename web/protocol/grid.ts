// Where tiles go. Pure geometry: a box and a count in, columns and the tile's size out.

export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The arrangement of `count` tiles of one shape that wastes the least of a box. Sizes in CSS
 * pixels.
 */
export function grid(
  box: { width: number; height: number },
  count: number,
  options: { gap: number; aspect: number },
): Grid {
  let best: Grid = { columns: 1, rows: 1, width: 0, height: 0 };
  for (let columns = 1; columns <= Math.max(count, 1); columns++) {
    const rows = Math.ceil(count / columns);
    const across = (box.width - options.gap * (columns - 1)) / columns;
    const down = (box.height - options.gap * (rows - 1)) / rows;
    const width = Math.floor(Math.min(across, down * options.aspect));
    if (width > best.width)
      best = { columns, rows, width, height: Math.floor(width / options.aspect) };
  }
  return best;
}

/**
 * Shapes that a picture may be cut to: wide boxes keep it near its own, tall ones lean to
 * portrait.
 */
const WIDE = [16 / 9, 1.6, 1.45, 4 / 3];
const TALL = [16 / 9, 4 / 3, 1.1, 0.92, 0.8];

/** The grid whose tiles are largest, whatever shape they take to be so. */
export function bestGrid(box: { width: number; height: number }, count: number, gap: number): Grid {
  const shapes = box.width >= box.height ? WIDE : TALL;
  const area = (g: Grid) => g.width * g.height;
  return shapes
    .map((aspect) => grid(box, count, { gap, aspect }))
    .reduce((a, b) => (area(b) > area(a) ? b : a));
}

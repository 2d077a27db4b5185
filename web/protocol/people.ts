// What is worth saying when the list of people changes. Pure.

export interface Known {
  leafId: string;
  self: boolean;
  accepted: boolean;
  name: string;
  hand: boolean;
}
export interface Change {
  text: string;
  kind: 'info' | 'hand';
}

/**
 * A name comes a moment after its member, so joining is told when it does. `old`: those who were here
 * before us, whose joining is no news.
 */
export function changes(
  before: ReadonlyMap<string, Known>,
  after: readonly Known[],
  old: ReadonlySet<string>,
): Change[] {
  const list: Change[] = [];
  const here = new Set(after.map((p) => p.leafId));
  for (const p of after) {
    if (p.self || !p.accepted || !p.name) continue;
    const then = before.get(p.leafId);
    if (!then?.name && !old.has(p.leafId)) list.push({ text: `${p.name} joined`, kind: 'info' });
    if (p.hand && !then?.hand) list.push({ text: `${p.name} raised a hand`, kind: 'hand' });
  }
  for (const p of before.values()) {
    if (!p.self && p.accepted && p.name && !here.has(p.leafId))
      list.push({ text: `${p.name} left`, kind: 'info' });
  }
  return list;
}

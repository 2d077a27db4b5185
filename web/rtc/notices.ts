// Short messages that come and go by themselves.
import { signal } from '../protocol/signal.ts';
import type { Notice } from './model.ts';

const LIFE_MS = 6000;
const MOST = 4;

export class Notices {
  readonly list = signal<Notice[]>([]);
  private last = 0;

  add(text: string, kind: Notice['kind']): void {
    const id = ++this.last;
    const others = this.list.peek().filter((n) => n.text !== text);
    this.list.set([...others.slice(1 - MOST), { id, text, kind }]);
    window.setTimeout(() => this.drop(id), LIFE_MS);
  }

  drop(id: number): void {
    this.list.update((list) => list.filter((n) => n.id !== id));
  }
}

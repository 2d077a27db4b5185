// The browser's database for this origin: the device key, and the pins of other devices. Where there
// is none (some private windows) everything lives in memory for as long as the worker does.
export interface Store {
  get<T>(table: Table, key: string): Promise<T | undefined>;
  all<T>(table: Table): Promise<T[]>;
  put(table: Table, key: string, value: unknown): Promise<void>;
  /** Puts only when there is nothing yet; returns what is there afterwards. */
  claim<T>(table: Table, key: string, value: T): Promise<T>;
  delete(table: Table, key: string): Promise<void>;
}
export type Table = 'device' | 'pins';

const TABLES: Table[] = ['device', 'pins'];

const finished = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('database'));
  });

class Database implements Store {
  constructor(private readonly db: IDBDatabase) {}
  private table(name: Table, mode: IDBTransactionMode): IDBObjectStore {
    return this.db.transaction(name, mode).objectStore(name);
  }
  get<T>(table: Table, key: string): Promise<T | undefined> {
    return finished(this.table(table, 'readonly').get(key) as IDBRequest<T | undefined>);
  }
  all<T>(table: Table): Promise<T[]> {
    return finished(this.table(table, 'readonly').getAll() as IDBRequest<T[]>);
  }
  async put(table: Table, key: string, value: unknown): Promise<void> {
    await finished(this.table(table, 'readwrite').put(value, key));
  }
  async claim<T>(table: Table, key: string, value: T): Promise<T> {
    const store = this.table(table, 'readwrite'); // one transaction: two tabs get one device
    const there = await finished(store.get(key) as IDBRequest<T | undefined>);
    if (there !== undefined) return there;
    await finished(store.put(value, key));
    return value;
  }
  async delete(table: Table, key: string): Promise<void> {
    await finished(this.table(table, 'readwrite').delete(key));
  }
}

export class MemoryStore implements Store {
  private readonly tables = new Map<Table, Map<string, unknown>>(TABLES.map((t) => [t, new Map()]));
  get<T>(table: Table, key: string): Promise<T | undefined> {
    return Promise.resolve(this.tables.get(table)!.get(key) as T | undefined);
  }
  all<T>(table: Table): Promise<T[]> {
    return Promise.resolve([...this.tables.get(table)!.values()] as T[]);
  }
  put(table: Table, key: string, value: unknown): Promise<void> {
    this.tables.get(table)!.set(key, value);
    return Promise.resolve();
  }
  async claim<T>(table: Table, key: string, value: T): Promise<T> {
    const there = await this.get<T>(table, key);
    if (there !== undefined) return there;
    await this.put(table, key, value);
    return value;
  }
  delete(table: Table, key: string): Promise<void> {
    this.tables.get(table)!.delete(key);
    return Promise.resolve();
  }
}

export async function openStore(): Promise<Store> {
  try {
    const request = indexedDB.open('v100', 1);
    request.onupgradeneeded = () => TABLES.forEach((t) => request.result.createObjectStore(t));
    return new Database(await finished(request));
  } catch {
    return new MemoryStore();
  }
}

/** What the tables of a database hold, by name. */
export type Schema<Tables> = { [Name in keyof Tables]: { key: string; value: unknown } };

/** What a request gives; rejects with the reason why it failed. */
export function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Resolves when a transaction is complete: then, and only then, what it wrote is stored. */
export function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    // No error: aborted by us.
    transaction.onabort = () => reject(transaction.error ?? new DOMException('aborted', 'AbortError'));
  });
}

/**
 * A table within a transaction. Each call is one request; one that cannot even be made rejects as any that fails, so that
 * of several whoever waits for all of them hears all.
 */
export class ObjectStore<Key extends string, Row> {
  readonly #store: IDBObjectStore;

  constructor(store: IDBObjectStore) {
    this.#store = store;
  }

  async get(key: Key): Promise<Row | undefined> {
    return answered(this.#store.get(key));
  }

  /** The row of the least key. */
  async first(): Promise<Row | undefined> {
    const [row] = await answered(this.#store.getAll(null, 1));
    return row;
  }

  async getAllKeys(): Promise<Key[]> {
    return answered(this.#store.getAllKeys()) as Promise<Key[]>;
  }

  /** @param key where the table does not take it from the row */
  async put(row: Row, key?: Key): Promise<unknown> {
    return answered(this.#store.put(row, key));
  }

  /** One row, or those of a range of keys. */
  async delete(key: Key | IDBKeyRange): Promise<unknown> {
    return answered(this.#store.delete(key));
  }
}

/** A transaction over some tables. */
export class Transaction<Tables extends Schema<Tables>, Name extends keyof Tables> {
  readonly #transaction: IDBTransaction;

  constructor(transaction: IDBTransaction) {
    this.#transaction = transaction;
  }

  objectStore<One extends Name>(name: One): ObjectStore<Tables[One]['key'], Tables[One]['value']> {
    return new ObjectStore(this.#transaction.objectStore(name as string));
  }
}

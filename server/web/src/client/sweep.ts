import type { Connection, CurrentState } from './connection.ts';
import { filesOf } from './intake.ts';

/** Whether a sync has left files of the old index in place, since somebody was reading them. */
export async function leftUnswept(connection: Connection): Promise<boolean> {
  return connection.transact('readonly', ['dataset'], 'to see what is left to sweep', async (transaction) => {
    return (await transaction.objectStore('dataset').get('unswept')) !== undefined;
  });
}

/** Deletes what neither the current index names nor that of a sync under way. */
export async function sweep(connection: Connection): Promise<void> {
  const tables: ['images', 'labels', 'dataset'] = ['images', 'labels', 'dataset'];
  await connection.transact('readwrite', tables, 'to sweep out what no index names', async (transaction) => {
    const dataset = transaction.objectStore('dataset');
    const states = [await dataset.get('current'), await dataset.get('pending')] as (CurrentState | undefined)[];
    const named = filesOf(states.flatMap((state) => state?.index.shards ?? []));
    const swept = (['images', 'labels'] as const).map(async (table) => {
      const store = transaction.objectStore(table);
      const unnamed = (await store.getAllKeys()).filter((key) => !named[table].has(key));
      await Promise.all(unnamed.map((key) => store.delete(key)));
    });
    await Promise.all([dataset.delete('unswept'), ...swept]);
  });
}

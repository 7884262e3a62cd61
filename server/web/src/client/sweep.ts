import type { Connection } from './connection.ts';
import { deletionsOf, STOCKED, stockIn } from './intake.ts';

/** Whether a sync has left files of the old index in place, since somebody was reading them. */
export async function leftUnswept(connection: Connection): Promise<boolean> {
  return connection.transact('readonly', ['dataset'], 'to see what is left', async (transaction) => {
    return (await transaction.objectStore('dataset').get('unswept')) !== undefined;
  });
}

/** Deletes what neither the current index names nor that of a sync under way. */
export async function sweep(connection: Connection): Promise<void> {
  await connection.transact('readwrite', STOCKED, 'to sweep out what no index names', async (transaction) => {
    const { current, pending, keys } = await stockIn(transaction);
    const shards = [current, pending].flatMap((state) => state?.index.shards ?? []);
    const deletions = deletionsOf(transaction, keys, shards).map((each) => each());
    await Promise.all([transaction.objectStore('dataset').delete('unswept'), ...deletions]);
  });
}

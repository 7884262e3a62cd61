import type { Address } from './address.ts';
import { checkContract, checkIndex } from './check.ts';
import { DataprepError } from './complaint.ts';
import type { CurrentState } from './connection.ts';
import { downloadJson } from './download.ts';
import { grouping, inFlight } from './flight.ts';
import { filesOf, holds, type Intake, type ShardDelivery, type StoredKeys } from './intake.ts';
import { besideReaders, oneSync, untilEither } from './lock.ts';
import { look, type Preflight, whatWouldBe } from './preflight.ts';
import { tooFull, withRoom } from './room.ts';
import { downloadShard } from './shard-download.ts';
import { bytesOf, type Missing, type Plan, planSync } from './sync-plan.ts';
import type { Vault } from './vault.ts';
import type { Contract, DatasetIndex, ShardReference } from './wire.ts';

/** Where a sync is. Totals are those of the splits asked for; what was stored before counts as done from the start. */
export interface SyncProgress {
  phase: 'index' | 'shards' | 'swap' | 'done';
  shardsDone: number;
  shardsTotal: number;
  bytesDone: number;
  bytesTotal: number;
}

/** `splits`: all when not given. */
export interface SyncOptions {
  splits?: readonly string[] | undefined;
  onProgress?: ((progress: SyncProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What a finished sync did. */
export interface SyncResult {
  digest: string;
  /** Whether another digest was current before. */
  changed: boolean;
  shardsFetched: number;
  bytesFetched: number;
  /** Files (halves of shards) deleted because the new index does not name them; readers of the old one sweep later. */
  filesSwept: number;
  /** What was found before anything was downloaded. */
  preflight: Preflight;
}

/** While six files come in (a browser's connections to a server), others wait for theirs or are hashed. */
const SHARDS_IN_FLIGHT = 12;

/**
 * A transaction costs the browser some milliseconds, whatever is in it, so several shards share one: as many as come
 * within this time, in milliseconds. It is what is lost with a browser that crashes.
 */
const PATIENCE = 100;

/** Shards that go without waiting for more: the timers of a page that nobody sees may fire once a minute. */
const GROUP = 16;

/** How often a sync starts over because the server's store was replaced, or another tab swept, in the middle. */
const STARTS = 4;

/** Thrown inside a sync to start it over. */
class Outdated extends Error {}

/** Syncs the dataset at `address` into `vault`. See {@link Dataset.sync}. */
export async function syncDataset(
  address: Address,
  vault: Pick<Vault, 'intake'>,
  options: SyncOptions,
): Promise<SyncResult> {
  options.signal?.throwIfAborted();
  // Before waiting for other tabs' syncs: a deletion stops the syncs that wait as well as the one that runs.
  const intake = await vault.intake();
  return untilEither(intake.ended, options.signal, (signal) =>
    oneSync(address.database, signal, () => startOver(address, () => new SyncRun(address, intake, options, signal))),
  );
}

/** Runs syncs until one gets through. */
async function startOver(address: Address, start: () => SyncRun): Promise<SyncResult> {
  let because: unknown;
  for (let started = 0; started < STARTS; started++) {
    try {
      return await start().run();
    } catch (thrown) {
      if (!(thrown instanceof Outdated)) throw thrown;
      because = thrown.cause ?? thrown;
    }
  }
  throw new DataprepError(
    'stale',
    {
      place: address.index(),
      wanted: 'a dataset that stays the same during a sync',
      found: `it changed ${STARTS} times`,
      next: 'Wait until the store is no longer being replaced, then sync again.',
    },
    { cause: because },
  );
}

/**
 * Whether what was synced before is what there is to sync, all of it is stored, and nothing else. Index and contract are
 * compared whole: a digest does not cover all that a contract says.
 */
function unchanged(before: CurrentState, now: CurrentState, stored: StoredKeys): boolean {
  const named = filesOf(now.index.shards);
  return (
    now.splits.every((split) => before.splits.includes(split)) &&
    holds(named, stored) &&
    holds(stored, filesOf(now.index.shards.filter(({ split }) => before.splits.includes(split)))) &&
    JSON.stringify([before.index, before.contract]) === JSON.stringify([now.index, now.contract])
  );
}

class SyncRun {
  readonly #address: Address;
  readonly #intake: Intake;
  readonly #options: SyncOptions;
  readonly #signal: AbortSignal;
  readonly #progress: SyncProgress = { phase: 'index', shardsDone: 0, shardsTotal: 0, bytesDone: 0, bytesTotal: 0 };

  constructor(address: Address, intake: Intake, options: SyncOptions, signal: AbortSignal) {
    this.#address = address;
    this.#intake = intake;
    this.#options = options;
    this.#signal = signal;
  }

  async run(): Promise<SyncResult> {
    try {
      return await this.#run();
    } catch (thrown) {
      const { bytesTotal, bytesDone } = this.#progress;
      throw await withRoom(thrown, this.#address.database, bytesTotal - bytesDone);
    }
  }

  async #run(): Promise<SyncResult> {
    this.#report('index');
    // All at once: most syncs find that nothing has changed, and are these waits and little else.
    const [newIndex, newContract, room, { keys: stored, current: before, pending }, storedAs] = await Promise.all([
      this.#json(this.#address.index()),
      this.#json(this.#address.contract()),
      look(),
      this.#intake.stock(),
      this.#intake.storedAs(),
    ]);
    const index = checkIndex(newIndex, this.#address.index());
    const contract = checkContract(newContract, this.#address.contract());
    if (contract.digest !== index.digest) throw new Outdated('the contract is of another digest than the index');

    const plan = planSync(index, this.#options.splits, stored);
    const preflight = await whatWouldBe(index, plan, room, storedAs);
    const { bytesMissing, bytesFree } = preflight;
    if (!preflight.fits) throw await tooFull(this.#address.database, bytesMissing, bytesFree ?? 0);

    const result = { digest: index.digest, bytesFetched: bytesMissing, shardsFetched: plan.missing.length, preflight };
    if (
      !pending &&
      before &&
      plan.missing.length === 0 &&
      unchanged(before, { index, contract, splits: plan.splits }, stored)
    ) {
      this.#begin(plan);
      this.#report('done');
      return { ...result, changed: false, filesSwept: 0 };
    }
    await this.#intake.begin({ index, splits: plan.splits });
    this.#begin(plan);
    await this.#fetch(plan.missing, index);

    this.#report('swap');
    const filesSwept = await this.#swap(index, contract, plan.splits);
    this.#report('done');
    return { ...result, changed: before?.index.digest !== index.digest, filesSwept };
  }

  #json(url: string): Promise<unknown> {
    return downloadJson(url, this.#signal);
  }

  #report(phase: SyncProgress['phase']): void {
    this.#progress.phase = phase;
    this.#options.onProgress?.({ ...this.#progress });
  }

  #begin({ missing, shardsTotal, bytesTotal, bytesMissing }: Plan): void {
    const [shardsDone, bytesDone] = [shardsTotal - missing.length, bytesTotal - bytesMissing];
    Object.assign(this.#progress, { shardsTotal, shardsDone, bytesTotal, bytesDone });
    this.#report('shards');
  }

  async #fetch(missing: readonly Missing[], index: DatasetIndex): Promise<void> {
    const { put, flush } = grouping<[Missing, ShardDelivery]>(
      async (group) => {
        await this.#intake.put(group.map(([, delivery]) => delivery));
        for (const [each] of group) {
          this.#progress.shardsDone += 1;
          this.#progress.bytesDone += bytesOf(each);
          this.#report('shards');
        }
      },
      GROUP,
      PATIENCE,
    );
    try {
      await inFlight(missing, SHARDS_IN_FLIGHT, async (each) => put([each, await this.#fetchShard(each, index)]));
    } finally {
      // Of an interrupted sync, too: what has come in and was verified need not come again.
      await flush();
    }
  }

  async #fetchShard(missing: Missing, index: DatasetIndex): Promise<ShardDelivery> {
    try {
      return await downloadShard(this.#address, missing, await this.#intake.storedAs(), this.#signal);
    } catch (thrown) {
      if (thrown instanceof DataprepError && thrown.code === 'http') await this.#unlessReplaced(index, thrown);
      throw thrown;
    }
  }

  /** A shard is gone: if the server has another digest by now, the sync starts over; else the failure stands. */
  async #unlessReplaced(index: DatasetIndex, cause: DataprepError): Promise<void> {
    const now = checkIndex(await this.#json(this.#address.index()), this.#address.index());
    if (now.digest !== index.digest) throw new Outdated('the store was replaced', { cause });
  }

  async #swap(index: DatasetIndex, contract: Contract, asked: readonly string[]): Promise<number> {
    // A split of an earlier sync that is still whole stays usable: its shards are what this index names, too.
    const { keys: stored } = await this.#intake.stock();
    const shardsOf = (split: string): ShardReference[] => index.shards.filter((shard) => shard.split === split);
    const splits = Object.keys(index.splits).filter(
      (split) => asked.includes(split) || holds(stored, filesOf(shardsOf(split))),
    );
    const needed = filesOf(splits.flatMap(shardsOf));
    const swept = await besideReaders(this.#address.database, (alone) =>
      this.#intake.swap({ index, contract, splits }, needed, alone),
    );
    if (swept === null) throw new Outdated('another tab swept shards that this sync relied on');
    return swept;
  }
}

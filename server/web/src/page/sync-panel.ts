import type { Dataset, DatasetStatus, SyncProgress } from '../client/client.ts';
import { element } from './element.ts';
import { failureNotice, isAbort } from './notice.ts';
import { bytesText, countOf, countText } from './quantity.ts';

/** Called with the status whenever it may have changed. */
export type StatusListener = (status: DatasetStatus) => void;

/** Shows what this browser keeps of a dataset; syncs it, stops a sync, deletes it. */
export class SyncPanel {
  readonly root = element('section', {
    class: 'panel sync',
    'aria-label': 'This browser’s copy',
    'data-testid': 'sync-panel',
  });
  readonly #dataset: Dataset;
  readonly #serverDigest: string | null;
  readonly #onStatus: StatusListener;
  readonly #state = element('p', { class: 'sync-state', 'data-testid': 'sync-status', 'aria-live': 'polite' });
  readonly #facts = element('dl', { class: 'facts' });
  readonly #bar = element('progress', {
    max: 1,
    value: 0,
    'data-testid': 'sync-progress',
    hidden: true,
    'aria-label': 'Sync',
  });
  readonly #sync = element(
    'button',
    { class: 'primary', type: 'button', 'data-testid': 'sync-button', click: () => void this.sync() },
    'Sync',
  );
  readonly #stop = element(
    'button',
    { type: 'button', 'data-testid': 'sync-stop', hidden: true, click: () => this.#abort?.abort() },
    'Stop',
  );
  readonly #delete = element(
    'button',
    { class: 'quiet', type: 'button', 'data-testid': 'sync-delete', click: () => void this.#remove() },
    'Delete',
  );
  readonly #failure = element('div');
  #abort: AbortController | null = null;
  #sure = false;

  /**
   * @param serverDigest the digest that the server has now, to tell whether the copy is up to date; null when it can't
   *   be reached
   */
  constructor(dataset: Dataset, serverDigest: string | null, onStatus: StatusListener = () => undefined) {
    this.#dataset = dataset;
    this.#serverDigest = serverDigest;
    this.#onStatus = onStatus;
    const buttons = element('div', { class: 'buttons' }, this.#sync, this.#stop, this.#delete);
    this.root.append(element('h2', {}, 'In this browser'), this.#state, this.#bar, buttons, this.#facts, this.#failure);
    void this.refresh();
  }

  /** Stops a sync that is under way. */
  close(): void {
    this.#abort?.abort();
  }

  /** Shows the status as it is now. */
  async refresh(): Promise<void> {
    try {
      const status = await this.#dataset.status();
      this.#show(status);
      this.#onStatus(status);
    } catch (thrown) {
      this.#failure.replaceChildren(failureNotice(thrown));
    }
  }

  #show(status: DatasetStatus): void {
    const fresh = this.#serverDigest === null || status.digest === this.#serverDigest;
    const whole = Object.values(status.splits).every((split) => split.synced);
    this.root.dataset.state = !status.synced
      ? status.pending
        ? 'partial'
        : 'none'
      : fresh && whole
        ? 'synced'
        : 'stale';
    this.#state.textContent = stateText(status, fresh, whole, this.#serverDigest === null);
    this.#sync.textContent = !status.synced && status.pending ? 'Go on' : status.synced ? 'Sync again' : 'Sync';
    this.#delete.hidden = !status.synced && !status.pending;
    this.#sure = false;
    this.#delete.textContent = 'Delete';
    const facts: [string, string, string][] = [
      ['Samples', 'sync-samples', countText(status.samples)],
      ['Stored', 'sync-bytes', bytesText(status.bytesStored)],
      ['Kept as', 'sync-stored-as', status.storedAs === 'blob' ? 'Blobs' : 'bytes'],
    ];
    if (status.decoder) {
      facts.push(['Decoder', 'sync-decoder', `${status.decoder}, ${status.exact ? 'exact' : 'not exact'}`]);
    }
    this.#facts.replaceChildren(
      ...facts.flatMap(([term, testid, text]) => [
        element('dt', {}, term),
        element('dd', { 'data-testid': testid }, text),
      ]),
    );
    this.root.querySelector('.losses')?.remove();
    if (status.losses.length) this.root.append(losses(status.losses));
  }

  /** Syncs all splits; failures are shown, not thrown. */
  async sync(): Promise<void> {
    if (this.#abort) return;
    this.#abort = new AbortController();
    this.#failure.replaceChildren();
    this.#busy(true);
    try {
      const { signal } = this.#abort;
      await this.#dataset.sync({ signal, onProgress: (progress) => this.#progress(progress) });
    } catch (thrown) {
      if (!isAbort(thrown)) this.#failure.replaceChildren(failureNotice(thrown));
    } finally {
      this.#abort = null;
      this.#busy(false);
      await this.refresh();
    }
  }

  #busy(busy: boolean): void {
    this.#bar.hidden = !busy;
    this.#stop.hidden = !busy;
    this.#sync.hidden = busy;
    this.#delete.disabled = busy;
  }

  #progress(progress: SyncProgress): void {
    this.#bar.value = progress.bytesTotal ? progress.bytesDone / progress.bytesTotal : 0;
    this.#state.textContent =
      progress.phase === 'index'
        ? 'Reading the index…'
        : `${bytesText(progress.bytesDone)} of ${bytesText(progress.bytesTotal)}, shard ${progress.shardsDone} of ${progress.shardsTotal}`;
  }

  /** The first press asks, the second deletes: a dialog would be in the way of the keyboard. */
  async #remove(): Promise<void> {
    if (!this.#sure) {
      this.#sure = true;
      this.#delete.textContent = 'Really delete?';
      return;
    }
    try {
      await this.#dataset.delete();
    } catch (thrown) {
      this.#failure.replaceChildren(failureNotice(thrown));
    }
    await this.refresh();
  }
}

function stateText(status: DatasetStatus, fresh: boolean, whole: boolean, offline: boolean): string {
  if (!status.synced) return status.pending ? 'Partly here; a sync goes on where it stopped.' : 'Not here yet.';
  if (!fresh) return 'Here in an older version than the server’s.';
  const missing = Object.entries(status.splits).filter(([, split]) => !split.synced);
  if (offline) return 'Here, as of the last sync.';
  return whole
    ? 'Here and up to date; works offline.'
    : `Up to date; not here: ${missing.map(([name]) => name).join(', ')}.`;
}

function losses(sentences: readonly string[]): HTMLElement {
  return element(
    'details',
    { class: 'losses', 'data-testid': 'losses' },
    element('summary', {}, countOf(sentences.length, 'limit'), ' of this browser or address'),
    element('ul', {}, ...sentences.map((sentence) => element('li', {}, sentence))),
  );
}

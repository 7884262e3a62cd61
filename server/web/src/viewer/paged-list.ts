import { element } from '../page/element.ts';
import { failureNotice, isAbort } from '../page/notice.ts';
import type { Page } from '../page/server.ts';

/** What a paged list is of, and where it goes. */
export interface PagedListOptions<T> {
  into: HTMLElement;
  size: number;
  fetchPage: (after: number | null, size: number, signal: AbortSignal) => Promise<Page<T>>;
  show: (item: T) => HTMLElement;
  /** What to say when there is nothing at all. */
  nothing: () => HTMLElement;
}

/** Fetches its first page at once, and the next ones on "More". */
export class PagedList<T> {
  /** The "More" button, or what went wrong; to be placed below the list. */
  readonly foot = element('div', { class: 'list-foot', 'aria-live': 'polite' });
  readonly items: T[] = [];
  readonly #options: PagedListOptions<T>;
  readonly #abort = new AbortController();

  constructor(options: PagedListOptions<T>) {
    this.#options = options;
    void this.#fetch(null);
  }

  /** Lets go of a page that is on its way. */
  close(): void {
    this.#abort.abort();
  }

  async #fetch(after: number | null): Promise<void> {
    const { into, size, fetchPage, show, nothing } = this.#options;
    this.foot.replaceChildren(element('span', { class: 'muted' }, 'Loading…'));
    try {
      const page = await fetchPage(after, size, this.#abort.signal);
      this.items.push(...page.items);
      into.append(...page.items.map(show));
      this.foot.replaceChildren();
      if (this.items.length === 0) this.foot.append(nothing());
      if (page.next !== null) this.foot.append(this.#more(page.next));
    } catch (thrown) {
      if (isAbort(thrown)) return;
      const again = element('button', { type: 'button', click: () => void this.#fetch(after) }, 'Try again');
      this.foot.replaceChildren(failureNotice(thrown), again);
    }
  }

  #more(after: number): HTMLElement {
    return element('button', { type: 'button', 'data-testid': 'more', click: () => void this.#fetch(after) }, 'More');
  }
}

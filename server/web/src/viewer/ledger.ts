import { element } from '../page/element.ts';
import { emptyNotice } from '../page/notice.ts';
import { countText } from '../page/quantity.ts';
import { type DatasetSummary, type LedgerRow, STATUSES } from '../page/server.ts';
import type { Shelf } from '../page/shelf.ts';
import { PagedList } from './paged-list.ts';

/** The labels that were dropped from a record: "too_small 2, outside 1". */
export function droppedText(row: Pick<LedgerRow, 'dropped'>): string {
  return Object.entries(row.dropped ?? {})
    .map(([reason, n]) => `${reason} ${n}`)
    .join(', ');
}

function ledgerLine(row: LedgerRow): HTMLElement {
  return element(
    'tr',
    { 'data-testid': 'ledger-row', 'data-status': row.status },
    element('td', { class: 'mono key' }, row.key),
    element('td', {}, element('span', { class: `status ${row.status}` }, row.status)),
    element('td', {}, row.reason ?? ''),
    element('td', { class: 'note' }, row.note ?? ''),
    element('td', {}, droppedText(row)),
  );
}

/** The ledger: what became of every input, by status. */
export function ledger(
  shelf: Shelf,
  dataset: DatasetSummary,
  status: string,
  onStatus: (status: string) => void,
): HTMLElement {
  if (!shelf.online) return emptyNotice('The ledger is on the server, which cannot be reached.');
  const total = STATUSES.reduce((sum, each) => sum + (dataset.records[each] ?? 0), 0);
  const choice = (value: string, text: string, n: number): HTMLElement =>
    element(
      'button',
      {
        type: 'button',
        'aria-pressed': String(value === status),
        'data-testid': `ledger-${value || 'all'}`,
        click: () => onStatus(value),
      },
      `${text} `,
      element('span', { class: 'muted' }, countText(n)),
    );
  const body = element('tbody');
  const head = element(
    'tr',
    {},
    ...['Input', 'Status', 'Reason', 'Note', 'Dropped labels'].map((text) => element('th', { scope: 'col' }, text)),
  );
  const list = new PagedList({
    into: body,
    size: 100,
    fetchPage: (after, size, signal) => shelf.records(dataset.name, status, after, size, signal),
    show: ledgerLine,
    nothing: () => emptyNotice(status ? `No input is ${status}.` : 'The ledger is empty.'),
  });
  return element(
    'section',
    { 'data-testid': 'ledger' },
    element(
      'div',
      { class: 'filters choices', role: 'group', 'aria-label': 'Status' },
      choice('', 'all', total),
      ...STATUSES.map((each) => choice(each, each, dataset.records[each] ?? 0)),
    ),
    element('div', { class: 'table-frame' }, element('table', { class: 'ledger' }, element('thead', {}, head), body)),
    list.foot,
  );
}

import { inSplitOrder } from '../client/splits.ts';
import { element } from '../page/element.ts';
import type { DatasetSummary } from '../page/server.ts';
import type { Place } from './place.ts';

/** The controls above the gallery. `go` is called with what changes. */
export function filters(dataset: DatasetSummary, place: Place, go: (change: Partial<Place>) => void): HTMLElement {
  const select = (name: 'split' | 'class', all: string, values: readonly string[]): HTMLElement => {
    const control = element(
      'select',
      { 'data-testid': `filter-${name}`, change: () => go({ [name]: control.value }) },
      element('option', { value: '' }, all),
      ...values.map((value) => element('option', { value, selected: value === place[name] }, value)),
    );
    return element('label', { class: 'field' }, name === 'split' ? 'Split' : 'Class', control);
  };
  const key = element('input', {
    type: 'search',
    value: place.key,
    placeholder: 'part of a key',
    'data-testid': 'filter-key',
  });
  const search = (event: Event): void => {
    event.preventDefault();
    go({ key: key.value.trim() });
  };
  // A form, so that Enter searches; on every keystroke would ask the server for every prefix.
  const form = element('form', { submit: search }, element('label', { class: 'field' }, 'Key', key));
  const labels = element('input', { type: 'checkbox', checked: true, 'data-testid': 'toggle-labels' });
  labels.addEventListener('change', () => document.body.classList.toggle('no-labels', !labels.checked));
  document.body.classList.remove('no-labels');
  return element(
    'div',
    { class: 'filters' },
    select('split', 'all splits', inSplitOrder(Object.keys(dataset.splits))),
    dataset.classes.length ? select('class', 'all classes', dataset.classes) : null,
    form,
    element('label', { class: 'field' }, labels, 'Draw labels'),
  );
}

/** What of the viewer is on show; kept in the address after `#`, so that it can be linked to and gone back to. */
export interface Place {
  dataset: string;
  view: 'samples' | 'ledger';
  split: string;
  class: string;
  key: string;
  status: string;
}

/** The place that an address names; what it leaves out is empty, and the view is of the samples. */
export function readPlace(hash: string): Place {
  const given = new URLSearchParams(hash.replace(/^#/, ''));
  const field = (name: string): string => given.get(name) ?? '';
  return {
    dataset: field('dataset'),
    view: field('view') === 'ledger' ? 'ledger' : 'samples',
    split: field('split'),
    class: field('class'),
    key: field('key'),
    status: field('status'),
  };
}

/** The address of a place, shortest form. */
export function writePlace(place: Place): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(place)) {
    if (value && !(name === 'view' && value === 'samples')) given.set(name, value);
  }
  return `#${given}`;
}

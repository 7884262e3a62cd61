import { reasonOf } from '../client/complaint.ts';
import { element } from './element.ts';

/** A failure, in words, where its result would have stood. */
export function failureNotice(thrown: unknown): HTMLElement {
  return element('p', { class: 'notice failure', role: 'alert', 'data-testid': 'failure' }, reasonOf(thrown));
}

/** Why there is nothing to see here. */
export function emptyNotice(text: string): HTMLElement {
  return element('p', { class: 'notice', 'data-testid': 'empty' }, text);
}

/** Whether something was thrown only because its result is no longer wanted. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === 'AbortError';
}

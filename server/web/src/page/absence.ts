import { element } from './element.ts';

/** Says that the server is gone, and what is shown in its place. */
export function absenceNotice(): HTMLElement {
  return element(
    'p',
    { class: 'absence', role: 'status', 'data-testid': 'absence' },
    element('strong', {}, 'Offline.'),
    ' The server cannot be reached; this is what is stored in this browser. ',
    element('button', { type: 'button', click: () => location.reload() }, 'Try again'),
  );
}

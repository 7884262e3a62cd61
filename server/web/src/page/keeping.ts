import { reasonOf } from '../client/complaint.ts';
import { element } from './element.ts';

const OPENS = 'This page opens without the server, too.';
const STAYS = 'Keep this page open: it cannot be loaded again without the server';

/** Says whether the page will open again when the server is gone, once that is known. */
export function keepingNote(): HTMLElement {
  const note = element('p', { class: 'keeping muted', 'data-testid': 'keeping', 'aria-live': 'polite' });
  keepPages().then(
    () => {
      note.textContent = OPENS;
    },
    (thrown: unknown) => {
      note.textContent = `${STAYS} (${reasonOf(thrown)}).`;
    },
  );
  return note;
}

/** Has the service worker keep our pages. @throws Error with the reason why they are not kept */
async function keepPages(): Promise<void> {
  if (!navigator.serviceWorker) {
    throw new Error(
      isSecureContext
        ? 'this browser has no service workers'
        : 'over plain http from another machine, browsers keep no pages',
    );
  }
  const registration = await navigator.serviceWorker.register('/offline.js');
  if (registration.active) return;
  const worker = registration.installing ?? registration.waiting;
  await new Promise<void>((resolve, reject) => {
    const look = (): void => {
      if (worker?.state === 'activated') resolve();
      if (worker?.state === 'redundant') reject(new Error('its files did not all arrive'));
    };
    worker?.addEventListener('statechange', look);
    look();
  });
}

import '../page/theme.css';
import '../page/controls.css';
import './trainer.css';
import { absenceNotice } from '../page/absence.ts';
import { element, part } from '../page/element.ts';
import { keepingNote } from '../page/keeping.ts';
import { emptyNotice, failureNotice } from '../page/notice.ts';
import type { DatasetSummary } from '../page/server.ts';
import { openShelf } from '../page/shelf.ts';
import { startBackend } from './backend.ts';
import { Session } from './session.ts';

let session: Session | null = null;

async function choose(dataset: DatasetSummary, online: boolean): Promise<void> {
  await session?.close();
  session = new Session(dataset, online);
  document.title = `Train on ${dataset.name} · dataprep`;
  part('session-side').replaceChildren(session.side);
  part('session').replaceChildren(session.main);
}

function chooser(datasets: readonly DatasetSummary[], chosen: DatasetSummary): HTMLElement {
  const control = element(
    'select',
    { id: 'dataset', 'data-testid': 'dataset' },
    ...datasets.map(({ name }) => element('option', { value: name, selected: name === chosen.name }, name)),
  );
  control.addEventListener('change', () => {
    // In the address, so that a reload stays with it.
    location.hash = new URLSearchParams({ dataset: control.value }).toString();
  });
  return control;
}

function asked(datasets: readonly DatasetSummary[]): DatasetSummary | undefined {
  const name = new URLSearchParams(location.hash.slice(1)).get('dataset');
  return datasets.find((dataset) => dataset.name === name) ?? datasets[0];
}

async function start(): Promise<void> {
  const [backend, { datasets, online }] = await Promise.all([startBackend(), openShelf()]);
  if (!online) part('absence').replaceChildren(absenceNotice());
  const text = backend === 'webgl' ? 'WebGL' : 'processor only: no WebGL here, so this is slow';
  part('backend').replaceChildren(element('span', { 'data-testid': 'backend', 'data-backend': backend }, text));
  const show = async (): Promise<void> => {
    const chosen = asked(datasets);
    if (!chosen) {
      part('session').replaceChildren(
        emptyNotice('No store is being served. Build one, then: dataprep serve STORE.db'),
      );
      return;
    }
    part('chooser').replaceChildren(chooser(datasets, chosen));
    await choose(chosen, online);
  };
  addEventListener('hashchange', () => void show());
  await show();
}

part('keeping').replaceChildren(keepingNote());
start().catch((thrown: unknown) => part('session').replaceChildren(failureNotice(thrown)));

import { DataprepError } from '../complaint.ts';
import type { DatasetIndex } from '../wire.ts';
import { boxTargets } from './boxes.ts';
import { classTargets, tagTargets } from './classes.ts';
import { keypointTargets } from './keypoints.ts';
import type { Collate, Labelled } from './labelled.ts';
import { maskTargets } from './mask.ts';
import type { NumberArray } from './numbers.ts';

/** A kind of labels that `ys` can be made of; see the file of each for names and shapes. */
export type Task = 'class' | 'keypoints' | 'tags' | 'boxes' | 'mask';

type Make = (labelled: readonly Labelled[], index: DatasetIndex, maxBoxes?: number) => Record<string, NumberArray>;

/** In the order in which one is chosen when none is named. */
const TASKS: Record<Task, Make> = {
  class: classTargets,
  keypoints: keypointTargets,
  tags: tagTargets,
  boxes: (labelled, _index, maxBoxes) => boxTargets(labelled, maxBoxes),
  mask: maskTargets,
};

function isAble(index: DatasetIndex, task: Task): boolean {
  return Object.hasOwn(TASKS, task) && index.labels.includes(task);
}

/** The task of a batch when none is named: the first of class, keypoints, tags, boxes and mask that there is. */
function defaultTask(index: DatasetIndex): Task | null {
  return (Object.keys(TASKS) as Task[]).find((task) => isAble(index, task)) ?? null;
}

/**
 * What makes the `ys` of batches: a single array where a single task makes one (`class`, `tags`, `mask`), else all that
 * the tasks make, by name.
 *
 * @param named one task, several, null for none; the dataset's first when undefined
 * @throws DataprepError (`usage`) when the dataset has no labels for a task at all
 */
export function taskCollate(
  index: DatasetIndex,
  named: Task | readonly Task[] | null | undefined,
  maxBoxes: number | undefined,
): { collate: Collate; masked: boolean } {
  const tasks = [named === undefined ? defaultTask(index) : named].flat().filter((task) => task !== null);
  for (const task of tasks) {
    if (isAble(index, task)) continue;
    throw new DataprepError('usage', {
      place: `batches({ task }) of ${index.name}`,
      wanted: `one or several of ${
        Object.keys(TASKS)
          .filter((each) => isAble(index, each as Task))
          .join(', ') || 'none'
      }`,
      found: String(task),
      next: 'Choose such a task, or null.',
    });
  }
  const collate: Collate = (labelled) => {
    const made = Object.assign({}, ...tasks.map((task) => TASKS[task](labelled, index, maxBoxes)));
    const [only, more] = Object.values<NumberArray>(made);
    return only ? (more ? made : only) : null;
  };
  return { collate, masked: tasks.includes('mask') };
}

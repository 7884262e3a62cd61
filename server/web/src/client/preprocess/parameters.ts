import { DataprepError } from '../complaint.ts';
import type { Size } from '../geometry/rect.ts';
import type { Color, Fill, Filter } from '../render/passes.ts';
import type { Step } from '../wire.ts';

const FILTERS = ['area', 'bilinear', 'bicubic', 'lanczos'] as const;
const MADE_FILLS = ['edge', 'reflect'] as const;

/** A step's parameters, which come from a document: each is checked when it is read. */
export class Parameters {
  readonly #step: Step;
  readonly #place: string;

  constructor(step: Step, place: string) {
    this.#step = step;
    this.#place = place;
  }

  #wrong(name: string, wanted: string): never {
    throw new DataprepError('wire', {
      place: `${this.#place}.${name} of contract.json`,
      wanted,
      found: JSON.stringify(this.#step.parameters[name]) ?? 'nothing',
      next: 'Fetch the contract anew; a server and a client of one version agree on it.',
    });
  }

  number(name: string): number {
    const value = this.#step.parameters[name];
    return typeof value === 'number' && Number.isFinite(value) ? value : this.#wrong(name, 'a number');
  }

  truth(name: string): boolean {
    const value = this.#step.parameters[name];
    return typeof value === 'boolean' ? value : this.#wrong(name, 'true or false');
  }

  pair(name: string): [number, number] {
    const [first, second, ...others] = this.#numbers(name);
    if (first === undefined || second === undefined || others.length > 0) this.#wrong(name, 'two numbers');
    return [first, second];
  }

  size(name: string): Size {
    const [width, height] = this.pair(name);
    return { width, height };
  }

  choice<T extends string>(name: string, choices: readonly T[]): T {
    const value = this.#step.parameters[name];
    return choices.find((choice) => choice === value) ?? this.#wrong(name, `one of ${choices.join(', ')}`);
  }

  filter(): Filter {
    return this.choice('filter', FILTERS);
  }

  color(): Color {
    const [r, g, b, ...others] = this.#numbers('fill');
    if (r === undefined || g === undefined || b === undefined || others.length > 0) this.#wrong('fill', 'R, G and B');
    return [r, g, b];
  }

  fill(): Fill {
    const made = MADE_FILLS.find((choice) => choice === this.#step.parameters.fill);
    return made ? { mode: made, color: [0, 0, 0] } : { mode: 'constant', color: this.color() };
  }

  #numbers(name: string): number[] {
    const value = this.#step.parameters[name];
    if (!Array.isArray(value) || !value.every((one) => typeof one === 'number')) this.#wrong(name, 'numbers');
    return value;
  }
}

import { element, svgElement } from '../page/element.ts';
import { decimalText } from '../page/quantity.ts';
import { linearScale, type Scale } from './scale.ts';

/** A point of a curve: x in epochs. */
export type CurvePoint = readonly [x: number, y: number];

const WIDTH = 420;
const HEIGHT = 200;
const EDGE = { left: 44, right: 10, top: 10, bottom: 24 };

/** A chart of some series over epochs, drawn anew at most once a frame. */
export class Curve {
  readonly root: HTMLElement;
  readonly #chart = svgElement('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: 'img' });
  readonly #series: Record<string, CurvePoint[]> = {};
  readonly #names: readonly string[];
  #waiting = false;

  /** @param names of the series, in the order in which they are drawn; a name is also the CSS class of its line */
  constructor(title: string, names: readonly string[], testid: string) {
    this.#names = names;
    this.#chart.setAttribute('aria-label', `${title} by epoch; the table below has the numbers`);
    const legend = names.map((name) => element('span', { class: `key ${name}` }, name));
    this.root = element(
      'figure',
      { class: 'curve', 'data-testid': testid },
      element('figcaption', {}, element('h2', {}, title), ...legend),
      this.#chart,
    );
    this.#draw();
  }

  /** Adds a point at the end of a series. */
  add(name: string, point: CurvePoint): void {
    if (!point.every(Number.isFinite)) return;
    this.#series[name] = [...(this.#series[name] ?? []), point];
    if (this.#waiting) return;
    this.#waiting = true;
    requestAnimationFrame(() => {
      this.#waiting = false;
      this.#draw();
    });
  }

  #draw(): void {
    const points = Object.values(this.#series).flat();
    const x = linearScale(0, Math.max(1, ...points.map((point) => point[0])), EDGE.left, WIDTH - EDGE.right);
    const top = Math.max(...points.map((point) => point[1]), 0) || 1;
    const y = linearScale(0, top, HEIGHT - EDGE.bottom, EDGE.top, 4);
    this.#chart.replaceChildren(...grid(x, y));
    for (const name of this.#names) {
      const series = this.#series[name] ?? [];
      if (series.length === 0) continue;
      const path = series.map(([at, value]) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
      this.#chart.append(svgElement('polyline', { class: `line ${name}`, points: path }));
      if (name === 'steps') continue;
      for (const [at, value] of series) {
        this.#chart.append(svgElement('circle', { class: `mark ${name}`, cx: x(at), cy: y(value), r: 2.5 }));
      }
    }
  }
}

function grid(x: Scale, y: Scale): SVGElement[] {
  const lines: SVGElement[] = [];
  for (const tick of y.ticks) {
    lines.push(svgElement('line', { class: 'grid', x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }));
    lines.push(
      svgElement(
        'text',
        { class: 'tick', x: EDGE.left - 6, y: y(tick) + 3.5, 'text-anchor': 'end' },
        decimalText(tick),
      ),
    );
  }
  for (const tick of x.ticks.filter(Number.isInteger)) {
    lines.push(svgElement('text', { class: 'tick', x: x(tick), y: HEIGHT - 8, 'text-anchor': 'middle' }, String(tick)));
  }
  return lines;
}

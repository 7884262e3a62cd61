/** Numbers with a shape, row-major: what a tensor is made of. */
export interface NumberArray<Values = Float32Array | Int32Array> {
  /** Float32Array becomes a float32 tensor, Int32Array an int32 one. */
  values: Values;
  shape: number[];
}

/** One thing for `ys`, or several by name, or none. */
export type Targets<T> = T | Record<string, T> | null;

function isOne(targets: NumberArray | Record<string, NumberArray>): targets is NumberArray {
  return ArrayBuffer.isView(targets.values);
}

/** Makes something else of each array. */
export function mapTargets<T>(targets: Targets<NumberArray>, make: (array: NumberArray) => T): Targets<T> {
  if (targets === null) return null;
  if (isOne(targets)) return make(targets);
  return Object.fromEntries(Object.entries(targets).map(([name, array]) => [name, make(array)]));
}

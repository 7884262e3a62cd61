import { DataprepError } from './complaint.ts';
import type { Contract, DatasetIndex, Sample, ShardLabels, ShardReference } from './wire.ts';

type JsonObject = Record<string, unknown>;

const SHA256 = /^[0-9a-f]{64}$/;

function refuse(place: string, wanted: string, found: unknown): never {
  const shown = JSON.stringify(found) ?? 'nothing';
  throw new DataprepError('wire', {
    place,
    wanted,
    found: shown.length > 80 ? `${shown.slice(0, 80)}…` : shown,
    next: 'Check that the address is that of a dataprep server, and that client and server are of the same release.',
  });
}

function object(value: unknown, place: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, 'an object', value);
  return value as JsonObject;
}

function list(value: unknown, place: string): unknown[] {
  if (!Array.isArray(value)) refuse(place, 'a list', value);
  return value;
}

function text(value: unknown, place: string): string {
  if (typeof value !== 'string') refuse(place, 'a string', value);
  return value;
}

function count(value: unknown, place: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) refuse(place, 'a whole number', value);
  return value;
}

function digest(value: unknown, place: string): void {
  if (typeof value !== 'string' || !SHA256.test(value)) refuse(place, '64 lower-case hex digits', value);
}

function three(value: unknown, place: string): void {
  const numbers = list(value, place);
  if (numbers.length !== 3 || !numbers.every((n) => typeof n === 'number' && Number.isFinite(n))) {
    refuse(place, 'three numbers, for R, G and B', value);
  }
}

function head(value: unknown, place: string): JsonObject {
  const root = object(value, place);
  // A newer format must not be read as if it were this one: that is how labels drift without an error.
  if (root.format !== 1) refuse(`${place} format`, 'wire format 1', root.format);
  text(root.name, `${place} name`);
  digest(root.digest, `${place} digest`);
  const normalize = object(root.normalize, `${place} normalize`);
  three(normalize.scale, `${place} normalize.scale`);
  three(normalize.offset, `${place} normalize.offset`);
  for (const name of list(root.classes, `${place} classes`)) text(name, `${place} classes`);
  if (root.keypoints !== null) {
    const keypoints = object(root.keypoints, `${place} keypoints`);
    for (const name of list(keypoints.names, `${place} keypoints.names`)) text(name, `${place} keypoints.names`);
    list(keypoints.pairs, `${place} keypoints.pairs`);
  }
  return root;
}

function file(value: unknown, place: string): void {
  const reference = object(value, place);
  digest(reference.sha256, `${place}.sha256`);
  count(reference.bytes, `${place}.bytes`);
}

/**
 * Checks a parsed `index.json`.
 *
 * @param place what to call the document in a message, usually its URL
 * @throws DataprepError (`wire`) naming the first field that is not as the wire format says
 */
export function checkIndex(value: unknown, place: string): DatasetIndex {
  const root = head(value, place);
  list(root.labels, `${place} labels`);
  const image = object(root.image, `${place} image`);
  if (!['jpeg', 'png', 'webp', 'raw'].includes(text(image.format, `${place} image.format`))) {
    refuse(`${place} image.format`, 'jpeg, png, webp or raw', image.format);
  }
  text(image.media_type, `${place} image.media_type`);
  if (![undefined, '4:4:4', '4:2:0'].includes(image.subsampling as string | undefined)) {
    refuse(`${place} image.subsampling`, '4:4:4 or 4:2:0', image.subsampling);
  }
  for (const side of ['width', 'height']) if (image[side] !== null) count(image[side], `${place} image.${side}`);

  const splits = object(root.splits, `${place} splits`);
  for (const [name, size] of Object.entries(splits)) {
    count(object(size, `${place} splits.${name}`).samples, `${place} splits.${name}.samples`);
  }
  for (const entry of list(root.shards, `${place} shards`)) {
    const shard = object(entry, `${place} shards`);
    const id = text(shard.id, `${place} shards id`);
    if (!Object.hasOwn(splits, text(shard.split, `${place} shard ${id} split`))) {
      refuse(`${place} shard ${id} split`, `one of ${Object.keys(splits).join(', ')}`, shard.split);
    }
    count(shard.count, `${place} shard ${id} count`);
    file(shard.images, `${place} shard ${id} images`);
    file(shard.labels, `${place} shard ${id} labels`);
  }
  for (const entry of list(root.golden, `${place} golden`)) {
    const golden = object(entry, `${place} golden`);
    text(golden.key, `${place} golden key`);
    text(golden.split, `${place} golden split`);
    digest(golden.sha256, `${place} golden sha256`);
    digest(golden.rgb, `${place} golden rgb`);
  }
  return value as DatasetIndex;
}

/** Checks a parsed `contract.json`; as {@link checkIndex}. */
export function checkContract(value: unknown, place: string): Contract {
  const root = head(value, place);
  object(root.input, `${place} input`);
  list(root.transforms, `${place} transforms`);
  return value as Contract;
}

/** Lists that say something of each item of another list, and so must be as long. */
const BESIDE = [
  ['boxes', 'box_classes'],
  ['boxes', 'box_flags'],
  ['boxes', 'box_visible'],
  ['polygons', 'polygon_classes'],
] as const;

function checkLabels(sample: JsonObject, place: string): void {
  if (sample.class !== undefined) count(sample.class, `${place} class`);
  for (const kind of ['tags', 'boxes', 'keypoints', 'polygons']) {
    if (sample[kind] !== undefined) list(sample[kind], `${place} ${kind}`);
  }
  for (const [kind, beside] of BESIDE) {
    if (sample[beside] === undefined) continue;
    const wanted = list(sample[kind], `${place} ${kind}`).length;
    if (list(sample[beside], `${place} ${beside}`).length !== wanted) {
      refuse(`${place} ${beside}`, `one for each of ${wanted} ${kind}`, sample[beside]);
    }
  }
  for (const kind of ['values', 'attributes']) {
    if (sample[kind] !== undefined) object(sample[kind], `${place} ${kind}`);
  }
}

function checkSample(value: unknown, reference: ShardReference, place: string): Sample {
  const sample = object(value, place);
  const key = text(sample.key, `${place} key`);
  let end = count(sample.offset, `${place} ${key} offset`) + count(sample.length, `${place} ${key} length`);
  if (sample.mask !== undefined) {
    const mask = object(sample.mask, `${place} ${key} mask`);
    digest(mask.sha256, `${place} ${key} mask.sha256`);
    end += count(mask.length, `${place} ${key} mask.length`);
  }
  if (end > reference.images.bytes) {
    refuse(`${place} ${key}`, `bytes within the shard's ${reference.images.bytes}`, end);
  }
  digest(sample.sha256, `${place} ${key} sha256`);
  const [width, height] = list(sample.image_size, `${place} ${key} image_size`);
  count(width, `${place} ${key} image_size`);
  count(height, `${place} ${key} image_size`);
  checkLabels(sample, `${place} ${key}`);
  return value as Sample;
}

/** Checks the parsed JSON half of a shard against what the index says of it; as {@link checkIndex}. */
export function checkShard(value: unknown, reference: ShardReference, place: string): ShardLabels {
  const root = object(value, place);
  const samples = list(root.samples, `${place} samples`);
  if (samples.length !== reference.count) refuse(`${place} samples`, `${reference.count} samples`, samples.length);
  for (const sample of samples) checkSample(sample, reference, place);
  return value as ShardLabels;
}

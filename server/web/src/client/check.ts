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

/** Looks at one value of a document. @throws DataprepError (`wire`) naming its place when it can't be */
type Check = (value: unknown, place: string) => unknown;

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
  if (!Number.isSafeInteger(value) || (value as number) < 0) refuse(place, 'a whole number', value);
  return value as number;
}

function digest(value: unknown, place: string): void {
  if (typeof value !== 'string' || !SHA256.test(value)) refuse(place, '64 lower-case hex digits', value);
}

const three: Check = (value, place) => {
  const numbers = list(value, place);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) refuse(place, 'three numbers, for R, G and B', value);
};

const listOf =
  (check: Check): Check =>
  (value, place) => {
    for (const item of list(value, place)) check(item, place);
  };

const unless =
  (none: null | undefined, check: Check): Check =>
  (value, place) =>
    value === none || check(value, place);

const oneOf =
  (values: readonly unknown[], wanted: string): Check =>
  (value, place) =>
    values.includes(value) || refuse(place, wanted, value);

/** An object that has these members. @param joint between its place and a member's name */
const shape =
  (members: Record<string, Check>, joint = '.'): Check =>
  (value, place) => {
    const root = object(value, place);
    for (const name in members) members[name]?.(root[name], place + joint + name);
  };

const HEAD = {
  // A newer format must not be read as if it were this one: that is how labels drift without an error.
  format: oneOf([1], 'wire format 1'),
  name: text,
  digest,
  normalize: shape({ scale: three, offset: three }),
  classes: listOf(text),
  keypoints: unless(null, shape({ names: listOf(text), pairs: list })),
};

const FILE = shape({ sha256: digest, bytes: count });

const INDEX = shape(
  {
    ...HEAD,
    labels: list,
    image: shape({
      format: oneOf(['jpeg', 'png', 'webp', 'raw'], 'jpeg, png, webp or raw'),
      media_type: text,
      subsampling: oneOf([undefined, '4:4:4', '4:2:0'], '4:4:4 or 4:2:0'),
      width: unless(null, count),
      height: unless(null, count),
    }),
    splits: object,
    shards: listOf(shape({ id: text }, ' ')),
    golden: listOf(shape({ key: text, split: text, sha256: digest, rgb: digest }, ' ')),
  },
  ' ',
);

/**
 * Checks a parsed `index.json`.
 *
 * @param place what to call the document in a message, usually its URL
 * @throws DataprepError (`wire`) naming the first field that is not as the wire format says
 */
export function checkIndex(value: unknown, place: string): DatasetIndex {
  INDEX(value, place);
  const { splits, shards } = value as DatasetIndex;
  const names = Object.keys(splits);
  for (const name of names) shape({ samples: count })(splits[name], `${place} splits.${name}`);
  const shard = shape({ split: oneOf(names, `one of ${names.join(', ')}`), count, images: FILE, labels: FILE }, ' ');
  for (const one of shards) shard(one, `${place} shard ${one.id}`);
  return value as DatasetIndex;
}

const CONTRACT = shape({ ...HEAD, input: object, transforms: list }, ' ');

/** Checks a parsed `contract.json`; as {@link checkIndex}. */
export function checkContract(value: unknown, place: string): Contract {
  CONTRACT(value, place);
  return value as Contract;
}

/** Lists that say something of each item of another list, and so must be as long. */
const BESIDE = [
  ['boxes', 'box_classes'],
  ['boxes', 'box_flags'],
  ['boxes', 'box_visible'],
  ['polygons', 'polygon_classes'],
] as const;

const SAMPLE = shape(
  {
    offset: count,
    length: count,
    mask: unless(undefined, shape({ sha256: digest, length: count })),
    sha256: digest,
    image_size: (value, place) => [0, 1].map((side) => count(list(value, place)[side], place)),
    class: unless(undefined, count),
    tags: unless(undefined, list),
    boxes: unless(undefined, list),
    keypoints: unless(undefined, list),
    polygons: unless(undefined, list),
    values: unless(undefined, object),
    attributes: unless(undefined, object),
  },
  ' ',
);

function checkSample(value: unknown, reference: ShardReference, parent: string): void {
  const place = `${parent} ${text(object(value, parent).key, `${parent} key`)}`;
  SAMPLE(value, place);
  const sample = value as Sample;
  const end = sample.offset + sample.length + (sample.mask?.length ?? 0);
  if (end > reference.images.bytes) refuse(place, `bytes within the shard's ${reference.images.bytes}`, end);
  for (const [kind, beside] of BESIDE) {
    if (sample[beside] === undefined) continue;
    const wanted = list(sample[kind], `${place} ${kind}`).length;
    if (list(sample[beside], `${place} ${beside}`).length !== wanted) {
      refuse(`${place} ${beside}`, `one for each of ${wanted} ${kind}`, sample[beside]);
    }
  }
}

/**
 * The JSON half of a shard without the coordinates of keypoints, of which nothing is checked but that they are a list. Of
 * 68 landmarks they are nine tenths of the text: to parse them took a tenth of the processor's time of a sync.
 *
 * The pattern matches lists of numbers alone, behind a whole name: never a part of a string, in which quotes are escaped.
 */
export function withoutPoints(text: string): string {
  return text.replace(/"keypoints":\[\[[-+\d.,e[\]]*\]/g, '"keypoints":[]');
}

/** Checks the parsed JSON half of a shard against what the index says of it; as {@link checkIndex}. */
export function checkShard(value: unknown, reference: ShardReference, place: string): ShardLabels {
  const samples = list(object(value, place).samples, `${place} samples`);
  if (samples.length !== reference.count) refuse(`${place} samples`, `${reference.count} samples`, samples.length);
  for (const sample of samples) checkSample(sample, reference, place);
  return value as ShardLabels;
}

import { describe, expect, it } from 'vitest';
import { datasetAddress, serverRoot } from './address.ts';

describe('serverRoot', () => {
  it.each([
    ['http://host:8000', undefined, 'http://host:8000'],
    ['http://host:8000/', undefined, 'http://host:8000'],
    ['https://cdn/exports/faces/?x=1#y', undefined, 'https://cdn/exports/faces'],
    ['/', 'http://lan.test:8000/train', 'http://lan.test:8000'],
    ['.', 'http://lan.test/a/train', 'http://lan.test/a'],
  ])('of %s, seen from %s, is %s', (url, base, root) => {
    expect(serverRoot(url, base)).toBe(root);
  });

  it('refuses what is no URL', () => {
    expect(() => serverRoot('faces')).toThrow('openDataset(url): wanted the URL of a server, found "faces"');
  });
});

describe('datasetAddress', () => {
  it('names documents and database', () => {
    const address = datasetAddress('http://h:1/', 'faces');
    expect(address.database).toBe('dataprep:http://h:1:faces');
    expect(address.index()).toBe('http://h:1/v1/datasets/faces/index.json');
    expect(address.contract()).toBe('http://h:1/v1/datasets/faces/contract.json');
    expect(address.shard('ab', 'bin')).toBe('http://h:1/v1/datasets/faces/shards/ab.bin');
  });

  it.each(['', 'Faces', '../x', 'a b'])('refuses %j as a name', (name) => {
    expect(() => datasetAddress('http://h', name)).toThrow('wanted a dataset name of a-z, 0-9 and -');
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sha256 } from './sha256.ts';

async function expected(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

it('is what the platform says, for every length around the ends of blocks', async () => {
  for (let length = 0; length <= 260; length++) {
    const bytes = Uint8Array.from({ length }, (_, at) => (at * 131 + length) % 256);
    expect(await sha256(bytes), String(length)).toEqual(await expected(bytes));
  }
});

it('is what the platform says of any bytes, views included', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), fc.nat(64), async (array, skipped) => {
      const bytes = Uint8Array.from(array).subarray(skipped);
      expect(await sha256(bytes)).toEqual(await expected(bytes));
    }),
  );
});

it('lets other tasks run in between, and is right all the same', async () => {
  const bytes = Uint8Array.from({ length: 2 ** 20 + 77 }, (_, at) => at % 251);
  const order: string[] = [];
  setImmediate(() => order.push('another task'));
  const [one, other] = await Promise.all([sha256(bytes), sha256(bytes.subarray(1))]);
  order.push('hashed');
  expect(order).toEqual(['another task', 'hashed']);
  expect(one).toEqual(await expected(bytes));
  expect(other).toEqual(await expected(bytes.slice(1)));
});

it('takes constants from roots that no engine rounds to another bit', () => {
  const primes = Array.from({ length: 311 }, (_, at) => at + 2).filter((n) =>
    Array.from({ length: n - 2 }, (_, at) => at + 2).every((divisor) => n % divisor),
  );
  expect(primes).toHaveLength(64);
  for (const root of [...primes.map(Math.cbrt), ...primes.map(Math.sqrt)]) {
    const beyond = (root * 2 ** 32) % 1;
    // Far more than the last bit of a double of this size, 2^-18 here.
    expect(Math.min(beyond, 1 - beyond)).toBeGreaterThan(2 ** -12);
  }
});

// What test_sheets.py asks: a line of pictures comes in, the sheets that the client makes of them go out.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [web, source] = process.argv.slice(2);
const { transformWithOxc } = await import(pathToFileURL(`${web}/node_modules/vite/dist/node/index.js`).href);
const { code } = await transformWithOxc(readFileSync(source, 'utf8'), source);
const { sheetsOf } = await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);

for await (const line of createInterface({ input: process.stdin })) {
  const pictures = JSON.parse(line).map(({ bytes, ...rest }) => ({
    ...rest,
    bytes: new Uint8Array(Buffer.from(bytes, 'base64')),
  }));
  const sheets = sheetsOf(pictures).map(({ encoded, ...rest }) => ({
    ...rest,
    height: encoded.height,
    bytes: Buffer.from(encoded.bytes).toString('base64'),
  }));
  process.stdout.write(`${JSON.stringify(sheets)}\n`);
}

// Drives a Firefox for a test in Python: a JSON document a line, asked on stdin and answered on stdout.
//   node firefox.mjs EXECUTABLE PROFILE PREFERENCES
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

// The package lives with the pages, not beside the tests.
const require = createRequire(new URL('../../server/web/package.json', import.meta.url));
const puppeteer = require('puppeteer-core');

const [executablePath, userDataDir, preferences] = process.argv.slice(2);
const browser = await puppeteer.launch({
  browser: 'firefox',
  executablePath,
  userDataDir,
  headless: true,
  extraPrefsFirefox: JSON.parse(preferences),
});
const page = await browser.newPage();

async function answer({ url, script }) {
  if (url) {
    await page.goto(url);
    return null;
  }
  return await page.evaluate(script);
}

const say = (document) => process.stdout.write(`${JSON.stringify(document)}\n`);
say({ value: await browser.version() });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say({ value: (await answer(JSON.parse(line))) ?? null });
  } catch (error) {
    say({ error: String(error) });
  }
}
await browser.close();

// The README's program is one that runs: it is taken from the text and started as a user would.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

test('the first program of the README does what its comments say', async () => {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8');
  const program = /```js\n(.*?)```/s.exec(readme)?.[1] ?? '';
  // Inside the package, so that 'atomalloc' is found by its name.
  const folder = await mkdtemp(path.join(root, 'dist', 'readme-'));
  const file = path.join(folder, 'example.mjs');
  try {
    await writeFile(file, program);
    const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
    expect(stdout.trim()).toBe(/"(sum .*)"/.exec(program)?.[1]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

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
    const said = [...program.matchAll(/"([^"]+)"/g)].map(([, line]) => line).slice(-2);
    expect(said[0], 'in the last comment').toMatch(/^sum \d+$/);
    expect(stdout.trim().split('\n')).toEqual(said);
  } finally {
    await rm(folder, { recursive: true });
  }
});

/** The codes of a table whose first heading is the name of an error's type. */
function codesOfTable(readme: string, type: string): string[] {
  const [, rows = ''] = readme.split(`\n| \`${type}\` |`);
  const [table = ''] = rows.split('\n\n');
  return [...table.matchAll(/^\| `([A-Z_]+)` \| .+ \| .+ \|$/gm)].map(([, code = '']) => code);
}

test.each(['AllocError', 'HeapError'])('the README explains each code of %s', async (type) => {
  const readme = await readFile(path.join(root, 'README.md'), 'utf8');
  const source = await readFile(path.join(root, 'src/word/errors.ts'), 'utf8');
  const [, union = ''] = new RegExp(`type ${type}Code =([^;]+);`).exec(source) ?? [];
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
  expect(codes.length).toBeGreaterThan(5);
  expect(codesOfTable(readme, type)).toEqual(codes);
});

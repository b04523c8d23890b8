// A real program, both ways: an inverted index over a source tree, made and asked by several
// threads, once by messages and once on the heap, there also while workers are killed in the middle
// of their work. Whichever way, the answers are the same, and nothing is left over.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Answers } from '../../bench/analytics/answers.ts';
import { analyseByMessage } from '../../bench/analytics/bymessage.ts';
import { filesIn, queriesFor } from '../../bench/analytics/corpus.ts';
import { analyseOnHeap } from '../../bench/analytics/onheap.ts';
import type { Job } from '../../bench/analytics/outcome.ts';
import { programOf } from '../support/threads/start.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function jobOn(paths: readonly string[], queries: number): Job {
  return { paths, queries: queriesFor(paths, queries), threads: 2 };
}

/** By messages, and all answers from one Map on one thread. */
function ordinary(job: Job) {
  const program = programOf('correspondent');
  return analyseByMessage({ ...job, program, whoAnswers: 'this thread' });
}

describe('an index of this package', () => {
  const job = jobOn(filesIn([join(ROOT, 'src')]), 60);
  let answers: Answers;

  beforeAll(async () => void ({ answers } = await ordinary(job)));

  test('answers on the heap as it does when it is made by messages, or cloned', async () => {
    expect(answers.documents).toBe(job.paths.length);
    expect(answers.ranked.filter(({ length }) => length > 0).length).toBeGreaterThan(50);
    const program = programOf('correspondent');
    const cloned = await analyseByMessage({ ...job, program, whoAnswers: 'all workers' });
    expect(cloned.answers).toEqual(answers);
    const shared = await analyseOnHeap({ ...job, program: programOf('indexer') });
    expect(shared).toMatchObject({ answers, kills: 0, remains: [] });
  });

  test('loses nothing, and counts nothing twice, when workers are killed', async () => {
    const kills = { everyMs: 1, apart: 40 };
    const shared = await analyseOnHeap({ ...job, program: programOf('indexer'), kills });
    expect(shared).toMatchObject({ answers, remains: [] });
    expect(shared.kills).toBeGreaterThan(0);
  });
});

test('what is asked of a few documents can be told by hand', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'atomalloc-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const documents = {
    'a.log': 'The heap, the HEAP!\nof_2 x ab\n',
    'b.log': 'The heap, the HEAP!\nof_2 x ab\n',
    'c.txt': `heap tree\n${'z'.repeat(33)} 2nd caf\u00e9 tree tree`,
    'd.txt': '',
  };
  for (const [name, text] of Object.entries(documents)) writeFileSync(join(folder, name), text);
  const paths = filesIn([folder]);
  const job = { paths, queries: [['heap', 'tree'], ['heap'], ['none']], threads: 2 };
  const right = {
    documents: 4,
    topWords: [
      ['heap', 5],
      ['the', 4],
      ['tree', 3],
      ['of_2', 2],
      ['caf', 1],
    ],
    linesByType: { '.log': 4, '.txt': 1 },
    duplicates: [[paths[0], paths[1]]],
    ranked: [
      [[2, (1 / 5) * Math.log(4 / 3) + (3 / 5) * Math.log(4)]],
      [
        [0, (2 / 5) * Math.log(4 / 3)],
        [1, (2 / 5) * Math.log(4 / 3)],
        [2, (1 / 5) * Math.log(4 / 3)],
      ],
      [],
    ],
  };
  expect((await ordinary(job)).answers).toEqual(right);
  const shared = await analyseOnHeap({ ...job, program: programOf('indexer') });
  expect(shared).toMatchObject({ answers: right, remains: [] });
});

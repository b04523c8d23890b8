// `node dist/bench/analytics/analytics.js [folder…]`: one version of the program in a process of
// its own, so that its memory is nobody else's. Its outcome is one line of JSON.
//
//   --side heap | clones | main   on the heap; with messages, and queries answered from clones of
//                                 the index by all workers, or by the main thread alone
//   --threads N                   workers, 2 if not given
//   --queries N                   how many are asked, 1000 if not given
//   --kill-every MS               on the heap: a worker is killed so often, if 100 tasks were done
//   --answers                     all of them, and not only what they hash to
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { analyseByMessage } from './bymessage.ts';
import { filesIn, queriesFor } from './corpus.ts';
import { analyseOnHeap } from './onheap.ts';
import { programOf, type Job, type Outcome } from './outcome.ts';

/** What the program prints. */
export interface Printed extends Omit<Outcome, 'answers'> {
  readonly side: string;
  readonly files: number;
  readonly answers: Outcome['answers'] | string;
}

/** Tasks between two kills: a newcomer takes as long to start as others take for so many. */
const APART = 100;
const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const OWN = ['src', 'node_modules/typescript'].map((name) => join(ROOT, name));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    side: { type: 'string', default: 'heap' },
    threads: { type: 'string', default: '2' },
    queries: { type: 'string', default: '1000' },
    'kill-every': { type: 'string' },
    answers: { type: 'boolean', default: false },
  },
});

function run(job: Job): Promise<Outcome> {
  const { side, 'kill-every': every } = values;
  if (side === 'heap') {
    const kills = every === undefined ? {} : { kills: { everyMs: Number(every), apart: APART } };
    return analyseOnHeap({ ...job, program: programOf('indexer'), ...kills });
  }
  const whoAnswers = side === 'clones' ? 'all workers' : 'this thread';
  return analyseByMessage({ ...job, program: programOf('correspondent'), whoAnswers });
}

const paths = filesIn(positionals.length > 0 ? positionals : OWN);
const queries = queriesFor(paths, Number(values.queries));
const { answers, ...rest } = await run({ paths, queries, threads: Number(values.threads) });
const hash = createHash('sha256').update(JSON.stringify(answers)).digest('hex');
const about = { side: values.side, files: paths.length, ...rest };
const printed: Printed = { ...about, answers: values.answers ? answers : hash };
console.log(JSON.stringify(printed));
if (rest.remains.length > 0) process.exitCode = 1;

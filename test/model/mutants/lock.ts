// Wrongs done to the lock.

import { dying, mutant, type Mutant } from './mutant.ts';

const LOCK = 'src/word/lock.ts';

export const ofLock: readonly Mutant[] = [
  mutant(
    'unlock wakes nobody',
    'lock, two threads',
    LOCK,
    'if ((old & WAITERS) !== 0) this.memory.wake(this.word, 1);',
    'void old;',
  ),
  mutant(
    'a waiter sleeps without setting the waiters bit',
    'lock, two threads',
    LOCK,
    'memory.cas(word, seen, seen | WAITERS) === seen) {\n' +
      '        late = memory.wait(word, seen | WAITERS,',
    'seen !== 0) {\n        late = memory.wait(word, seen,',
  ),
  mutant(
    'who has slept takes the lock without the waiters bit',
    'lock, three threads',
    LOCK,
    'memory.cas(word, 0, token | WAITERS) === 0',
    'memory.cas(word, 0, token) === 0',
  ),
  mutant(
    'unlock by a load and a store',
    'lock, two threads',
    LOCK,
    'const old = this.memory.swap(this.word, 0);',
    'const old = this.memory.load(this.word);\n    this.memory.store(this.word, 0);',
  ),
  mutant(
    'lock by a load and a store',
    'lock, two threads',
    LOCK,
    'if (this.memory.cas(this.word, 0, this.token) !== 0) this.lockSlow();',
    'if (this.memory.load(this.word) === 0) this.memory.store(this.word, this.token);\n' +
      '    else this.lockSlow();',
  ),
  mutant(
    'unlock is a plain write',
    'lock, two threads',
    LOCK,
    'const old = this.memory.swap(this.word, 0);',
    'const old = this.memory.get(this.word);\n    this.memory.set(this.word, 0);',
  ),
  mutant(
    'contention is counted before the lock is held',
    'lock, three threads',
    LOCK,
    'const slept = this.spin() ? false : this.sleep();\n    this.count(CONTENDED);',
    'this.count(CONTENDED);\n    const slept = this.spin() ? false : this.sleep();',
  ),
  mutant(
    'a waiter sleeps on a value that it reads again',
    'lock, two threads',
    LOCK,
    'memory.wait(word, seen | WAITERS, PATIENCE_MS);',
    'memory.wait(word, memory.load(word), PATIENCE_MS);',
  ),
  mutant(
    'a lock is taken before it names its holder',
    'lock, two threads',
    LOCK,
    'if (this.memory.cas(this.word, 0, this.token) !== 0) this.lockSlow();',
    'if (this.memory.cas(this.word, 0, 1 << 20) !== 0) this.lockSlow();\n' +
      '    else this.memory.store(this.word, this.token);',
    dying,
  ),
  {
    name: 'a wait has no bound: a wake-up that dies with its waiter is lost',
    edits: [{ path: LOCK, from: 'WAITERS, PATIENCE_MS);', to: 'WAITERS, Infinity);' }],
    shownBy: 'lock, three threads',
    ...dying,
    preemptions: 1,
  },
  mutant(
    'who holds a lock and asks for it again waits for itself',
    'lock, asked for again by its holder',
    LOCK,
    'if ((this.memory.load(this.word) & ~WAITERS) === this.token) {',
    'if (this.word < 0) {',
  ),
];

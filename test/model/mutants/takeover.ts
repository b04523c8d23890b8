// Wrongs done to what survivors do for the dead: locks taken over, seats, the steps of a recovery.

import { dying, mutant, mutantOf, type Mutant } from './mutant.ts';

const LOCK = 'src/word/lock.ts';
const SLOT = 'src/slot/slot.ts';
const RECOVERY = 'src/heap/recovery.ts';
const RELEASE = 'src/heap/release.ts';
const DEPOT = 'src/block/depot.ts';

const VISITORS = 'attach and detach, two visitors';
const ROUND = 'recovery beside a round';
const TWO = 'two recover the same dead thread';

export const ofTakeover: readonly Mutant[] = [
  mutant(
    'who takes a lock over forgets the sleepers',
    'lock, three threads',
    LOCK,
    'const mine = this.token | WAITERS;',
    'const mine = this.token;',
    dying,
  ),
  mutant(
    'who takes a lock over repairs nothing',
    'slab, two refills at once',
    LOCK,
    'this.guarded?.repairLocked();',
    '',
    dying,
  ),
  mutant(
    'a lock is free while it is repaired',
    'depot, two threads fill it',
    LOCK,
    'this.guarded?.repairLocked();',
    'this.memory.store(this.word, 0);\n    this.guarded?.repairLocked();\n    this.lock();',
    { walk: 'kill' },
  ),
  mutant(
    'who has waited long takes the lock from whoever has it',
    'lock, two threads',
    LOCK,
    'late && this.deaths.isDead(seen & ~WAITERS)',
    'late',
    { walk: 'nobody' },
  ),
  mutant(
    'every holder counts as dead',
    'buddy, two threads split and merge at order 0',
    SLOT,
    ' === token && this.isOver(slot);',
    ' === token;',
    { walk: 'nobody' },
  ),
  mutant(
    'a lock is not seized when somebody has just said that it waits',
    'one recovers while another comes to the simple heap’s lock of the dead',
    LOCK,
    'if (this.takeOver(seen)) break;',
    'if (this.takeOver(seen)) break;\n      return false;',
  ),
  mutantOf(
    'when one has ended, whoever has a seat is marked',
    'elsewhere: an end is told twice, and the seat changes hands',
    SLOT,
    [
      ['if (memory.load(record + WHO) !== -thread) continue;', ''],
      ['start, -thread);', 'start, memory.load(record + WHO));'],
    ],
    { walk: 'nobody' },
  ),
  mutant(
    'a lock that is seized is not set free',
    ROUND,
    LOCK,
    'that it waits\n    }\n    this.unlock();',
    'that it waits\n    }',
    dying,
  ),
  mutant(
    'deaths are forgotten after the slots have been looked at',
    'recovery beside a run of a class',
    RECOVERY,
    'const over = this.slots().filter((slot) => table.isOver(slot));',
    'const over = this.slots().filter((slot) => table.isOver(slot));\n    memory.store(DEATHS, 0);',
    { thrown: true, preemptions: 1 },
  ),
  mutant(
    'a death is declared and nobody told',
    'who catches its overflow while another recovers',
    SLOT,
    'memory.store(DEATHS, 1);\n    return true;',
    'return true;',
    { thrown: true },
  ),
  mutant(
    'a seat is the next one’s under the same incarnation',
    'a late witness of a death, while another sits down in the seat',
    SLOT,
    '(this.incarnationOf(slot) + 1) % INCARNATIONS',
    'this.incarnationOf(slot)',
    { walk: 'nobody' },
  ),
  mutant(
    'a late witness does not look who sits there now',
    'a late witness of a death, while another sits down in the seat',
    SLOT,
    'if (memory.load(record + WHO) !== who) return false;',
    '',
    { walk: 'freeze' },
  ),
  mutantOf('a seat is nobody’s before it is free', VISITORS, SLOT, [
    [
      'memory.store(record + SEAT, (next << STATE_BITS) | FREE);',
      'memory.store(record + WHO, 0);\n' +
        '    memory.store(record + SEAT, (next << STATE_BITS) | FREE);',
    ],
    ['memory.store(record + WHO, 0); // COMMIT: pairs', '// COMMIT: pairs'],
  ]),
  mutant(
    'a seat keeps the start of the thread before',
    'a late witness of a death, while another sits down in the seat',
    SLOT,
    'memory.store(record + START, 0);',
    '',
    { walk: 'nobody' },
  ),
  mutant(
    'the slot of the dead stays taken',
    VISITORS,
    RECOVERY,
    'table.release(slot); // COMMIT',
    '',
    dying,
  ),
  mutant(
    'the slot of the dead is free before its magazines are home',
    'a late witness of a death, while another sits down in the seat',
    RECOVERY,
    'let rolledBack = 0;',
    'let rolledBack = 0;\n    table.release(slot);',
    { preemptions: 2 },
  ),
  mutant(
    'locks of the dead stay taken',
    ROUND,
    RECOVERY,
    'const locks = this.seizeLocks(tokenOf(slot, incarnation));',
    'const locks = 0;',
    dying,
  ),
  mutant(
    'two recover at once',
    TWO,
    RECOVERY,
    'this.lock.lock();\n    const found',
    'const found',
    { walk: 'kill' },
  ),
  mutant(
    'who recovers does not look again under the lock',
    'a late witness of a death, while another sits down in the seat',
    RECOVERY,
    'for (const slot of over) if (table.isOver(slot)) found.push',
    'for (const slot of over) found.push',
    { preemptions: 2 },
  ),
  mutant(
    'who comes back leaves its old seat to others',
    'who catches its overflow takes another seat',
    'src/heap/seated.ts',
    'if (!this.lost) this.session.abandon();',
    '',
    { thrown: true },
  ),
  mutant(
    'magazines of the dead stay where they are',
    ROUND,
    RECOVERY,
    'cachedBlocks += depot?.flush() ?? 0;',
    'cachedBlocks += depot === undefined ? 0 : 1;',
    dying,
  ),
  mutant(
    'transactions of the dead stay open',
    'tx, two threads commit',
    RECOVERY,
    'rolledBack = this.tx.recover(slot);',
    '',
    dying,
  ),
  mutant(
    'a magazine is emptied that is another’s by now',
    'depot, full magazines go down and are taken up',
    DEPOT,
    'const ours = this.pool.isOf(magazine, holder);',
    'const ours = true;',
    dying,
  ),
  mutant(
    'what the dead took from the depot is not its own',
    'depot, full magazines go down and are taken up',
    DEPOT,
    'magazines.isMoving(memory.get(word)) ? SHELVED : magazines.tag;',
    'magazines.tag;',
    dying,
  ),
  mutant(
    'a magazine between two places is not emptied',
    'magazines of one slot change places',
    DEPOT,
    'if (moving) blocks += this.surrenderLocked(magazines.movingAt);',
    '',
    dying,
  ),
  mutant(
    'the dead’s last free is not carried out',
    'checked: rounds and references',
    RECOVERY,
    'this.release.finishFor(slot);',
    '',
    dying,
  ),
  mutant(
    'who ends a generation does not say of which block',
    'checked: rounds and references',
    RELEASE,
    'memory.set(this.ending.at + BLOCK, granule);\n    memory.store(this.ending.at + KIND, ENDS);',
    '',
    dying,
  ),
  mutant(
    'who ends a generation says so afterwards',
    'checked: rounds and references',
    RELEASE,
    'memory.store(this.ending.at + KIND, ENDS);\n' +
      '    return states.generations.finish(granule, seen) || this.void(this.ending);',
    'const ended = states.generations.finish(granule, seen);\n' +
      '    memory.store(this.ending.at + KIND, ENDS);\n' +
      '    return ended || this.void(this.ending);',
    dying,
  ),
  mutant(
    'recovery sends home what another thread has ended',
    'checked: a block that a dead thread was freeing, freed and taken by another',
    RELEASE,
    'const owed = states.generations.wasFinishedBy(granule, slot) && isLive',
    'const owed = isLive',
    dying,
  ),
  mutant(
    'blocks of the dead stay live',
    'tracked: what only the dead had is freed',
    RECOVERY,
    'if (this.on.states.tracked) ownedBlocks = this.release.freeOwnedBy(slot);',
    '',
    dying,
  ),
  mutant(
    'a block is nobody’s when it becomes live',
    'tracked: what only the dead had is freed',
    'src/block/statemap.ts',
    'this.generations.begin(granule);\n    this.setOwner(granule, this.owner);',
    'this.generations.begin(granule);',
    dying,
  ),
];

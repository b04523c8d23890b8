// Space: what is held of the machine's memory for the requests of real programs, and for two made
// up to leave holes. All are played in one thread, in recorded order, to every side alike.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readTrace } from '../replay/trace.ts';
import type { RowResult } from '../suite/run.ts';
import type { Setting, Study } from '../suite/study.ts';
import {
  mixedRequests,
  pairRequests,
  phaseRequests,
  requestsOf,
  type Requests,
} from './requests.ts';
import { afterRow, metadataRow, peakRow, residentRow, tierRows } from './rows.ts';
import { hold, type Held } from './tenants.ts';

const GROUP = 'space';
const MIB = 2 ** 20;
const LIVE = 35_000; // of 8 to 4096 bytes: 23 MB
const REPLACED = 300_000;

type Rows = (group: string, held: Held) => RowResult;

function study(
  name: string,
  request: (setting: Setting) => Requests,
  rows: readonly Rows[],
  long = false,
): Study {
  return {
    group: GROUP,
    name,
    long,
    async play(setting) {
      const held = await hold(request(setting), setting);
      return rows.map((rowOf, index) => onceBlamed(rowOf(GROUP, held), index));
    },
  };
}

// All rows come from one playing: why a side is left out is said with the first.
function onceBlamed(row: RowResult, index: number): RowResult {
  return index === 0 ? row : { ...row, failures: [] };
}

const TRACES = ['../traces/', '../../../bench/traces/']
  .map((place) => fileURLToPath(new URL(place, import.meta.url)))
  .find((folder) => existsSync(folder))!;

const traces = readdirSync(TRACES)
  .filter((file) => file.endsWith('.atrc.gz'))
  .map((file) => {
    const requests = (): Requests => requestsOf(readTrace(join(TRACES, file)));
    return study(file.replace('.atrc.gz', ''), requests, [peakRow, metadataRow, afterRow]);
  });

export const SPACE_STUDIES: readonly Study[] = [
  ...traces,
  study(
    'long mix',
    ({ quick }) => mixedRequests('long mix', LIVE, quick ? REPLACED / 10 : REPLACED),
    [peakRow, residentRow, metadataRow, afterRow],
  ),
  study('grow and shrink', ({ quick }) => phaseRequests('grow and shrink', quick ? MIB : 4 * MIB), [
    peakRow,
    metadataRow,
    afterRow,
  ]),
];

const TIER_LIVE = 10_000;

/** What the seed's own table has besides times. */
export function tierSpaceStudy(group: string): Study {
  return {
    group,
    name: 'fragmentation and overhead, 10,000 live',
    async play(setting) {
      const alone = { ...setting, natives: null };
      const mixed = mixedRequests('random mix', TIER_LIVE, (setting.quick ? 1 : 8) * TIER_LIVE);
      const paired = pairRequests('1 KiB between freed', TIER_LIVE);
      const held = [await hold(mixed, alone), await hold(paired, alone)];
      return held.flatMap((it) => tierRows(group, it).map(onceBlamed));
    },
  };
}

// The report on a siege for people: one table, then the verdict in words.
import Table from 'cli-table3';
import { formatBytes, formatCount, type Paint } from '../replay/style.ts';
import { FAULTS, type SiegeReport } from './siege.ts';

const MAX_NOTES = 10;
const WORDS: Readonly<Record<(typeof FAULTS)[number], string>> = {
  bytesLost: 'bytes lost',
  blocksMissing: 'blocks missing',
  seatsLost: 'dead not recovered',
  mismatches: 'mismatches',
  outOfTurn: 'steps out of turn',
  badFrees: 'bad frees',
  failed: 'failed transactions',
  miscounts: 'accounts that do not add up',
};

export function formatSiege(report: SiegeReport, paint: Paint): string {
  const table = new Table({
    head: ['', paint.bold('under fire')],
    style: { head: [], border: [], compact: true },
    colAligns: ['left', 'right'],
  });
  table.push(...rows(report, paint));
  return [table.toString(), ...verdict(report, paint)].join('\n');
}

function rows(report: SiegeReport, paint: Paint): [label: string, cell: string][] {
  const { seconds, total, totalBefore } = report;
  const fault = (count: number): string => (count === 0 ? '0' : paint.red(formatCount(count)));
  const kept = total === totalBefore ? paint.green('yes') : paint.red(`NO: ${formatCount(total)}`);
  return [
    ['kills', formatCount(report.kills)],
    ['recoveries', formatCount(report.recoveries)],
    ['recovery, median', formatMs(report.medianRecoveryMs)],
    ['recovery, worst', formatMs(report.worstRecoveryMs)],
    ['bytes lost', fault(report.bytesLost)],
    ['events', formatCount(report.events)],
    ['events/s', seconds > 0 ? formatCount(report.events / seconds) : '–'],
    ['mismatches', fault(report.mismatches)],
    ['steps out of turn', fault(report.outOfTurn)],
    ['transactions', formatCount(report.committed)],
    ['rolled back', formatCount(report.rolledBack)],
    ['… for the dead', formatCount(report.rolledBackForTheDead)],
    [`total of ${formatCount(totalBefore)} kept`, kept],
    ['health', report.sound ? paint.green('good') : paint.red('BAD')],
  ];
}

function formatMs(milliseconds: number | null): string {
  return milliseconds === null ? '–' : `${milliseconds.toFixed(2)} ms`;
}

function verdict(report: SiegeReport, paint: Paint): string[] {
  const lines = report.findings.slice(0, MAX_NOTES).map(({ where, ptr, message }) => {
    return paint.red(`validate: ${where} at ${ptr}: ${message}`);
  });
  lines.push(...report.notes.slice(0, MAX_NOTES).map((note) => paint.red(note)));
  if (report.interrupted) lines.push(paint.yellow('Interrupted: these figures are of a part.'));
  const heap = `a heap of ${formatBytes(report.sizeBytes)}`;
  const timed = `${formatCount(report.timed)} of the recoveries were timed.`;
  const every = `A kill every ${report.killEveryMs} ms for ${report.seconds.toFixed(1)} s`;
  lines.push(`${every}, ${report.workers} workers, ${heap}; ${timed}`);
  lines.push(report.sound ? paint.green(SOUND) : paint.red(faultsOf(report)));
  return lines;
}

const SOUND = 'Sound: whatever the dead had begun was undone, all they had was found again.';

function faultsOf(report: SiegeReport): string {
  const faults = FAULTS.filter((fault) => report[fault] !== 0).map(
    (fault) => `${formatCount(report[fault])} ${WORDS[fault]}`,
  );
  const { findings, total, totalBefore } = report;
  if (findings.length > 0) faults.push(`${formatCount(findings.length)} findings of validate()`);
  if (total !== totalBefore) faults.push(`a total of ${formatCount(total)}`);
  return `NOT sound: ${faults.join(', ')}.`;
}

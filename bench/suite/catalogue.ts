// Everything that `npm run bench` measures, in the order in which it does.
import { ANALYTICS_STUDIES } from '../analytics/studies.ts';
import { CONTENTION_STUDIES } from '../contention/studies.ts';
import { RECOVERY_STUDY } from '../deaths/recovery.ts';
import { TOLL_STUDY } from '../deaths/toll.ts';
import { LATENCY_STUDY } from '../latency/studies.ts';
import { SETUP_STUDY } from '../setup/studies.ts';
import { AFFINITY_STUDY } from '../space/affinity.ts';
import { SHARING_STUDY } from '../sharing/studies.ts';
import { SPACE_STUDIES, tierSpaceStudy } from '../space/studies.ts';
import { GROWTH_STUDIES } from './growth.ts';
import { HANDOVER_CONTESTS } from './handover.ts';
import { COST_CONTESTS, TIER_CONTESTS, TIERS, TRANSACTION_CONTESTS } from './ours.ts';
import { CONTESTS } from './rows.ts';
import { studyOf, type Study } from './study.ts';

export const STUDIES: readonly Study[] = [
  ...CONTESTS.map((contest) => studyOf(contest)),
  ...TIER_CONTESTS.map((contest) => studyOf(contest)),
  tierSpaceStudy(TIERS),
  ...TRANSACTION_CONTESTS.map((contest) => studyOf(contest)),
  ...COST_CONTESTS.map((contest) => studyOf(contest)),
  RECOVERY_STUDY,
  TOLL_STUDY,
  SETUP_STUDY,
  ...HANDOVER_CONTESTS.map((contest) => studyOf(contest)),
  ...SPACE_STUDIES,
  AFFINITY_STUDY,
  SHARING_STUDY,
  ...ANALYTICS_STUDIES,
  LATENCY_STUDY,
  ...CONTENTION_STUDIES,
  ...GROWTH_STUDIES,
];

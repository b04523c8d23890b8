// Everything that `npm run bench` measures, in the order in which it does.
import { SPACE_STUDIES, tierSpaceStudy } from '../space/studies.ts';
import { TIER_CONTESTS, TIERS, TRANSACTION_CONTESTS } from './ours.ts';
import { CONTESTS } from './rows.ts';
import { studyOf, type Study } from './study.ts';

export const STUDIES: readonly Study[] = [
  ...CONTESTS.map((contest) => studyOf(contest)),
  ...TIER_CONTESTS.map((contest) => studyOf(contest)),
  tierSpaceStudy(TIERS),
  ...TRANSACTION_CONTESTS.map((contest) => studyOf(contest)),
  ...SPACE_STUDIES,
];

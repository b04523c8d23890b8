// Everything that `npm run bench` measures, in the order in which it does.
import { SPACE_STUDIES, tierSpaceStudy } from '../space/studies.ts';
import { CONTESTS, TIER_CONTESTS, TIERS } from './rows.ts';
import { studyOf, type Study } from './study.ts';

export const STUDIES: readonly Study[] = [
  ...CONTESTS.map((contest) => studyOf(contest)),
  ...TIER_CONTESTS.map((contest) => studyOf(contest)),
  tierSpaceStudy(TIERS),
  ...SPACE_STUDIES,
];

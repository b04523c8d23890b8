// The second half of the protocol mutants: see showing.ts.

import { everyOtherIsShown } from './showing.ts';

everyOtherIsShown(1);

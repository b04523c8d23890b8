// One tenancy: a thread of its own, so that one heap's calls never share inline caches with
// another's, and several can be played at the same time.
import { parentPort, workerData } from 'node:worker_threads';
import { live, type Tenancy } from '../bench/space/tenancy.ts';

parentPort!.postMessage(live(workerData as Tenancy));

// One of two threads that answer each other: says what it took from one core to the other, awake
// and asleep, and ends.
import { parentPort, workerData } from 'node:worker_threads';
import { echo, type EchoOrders } from '../bench/contention/echo.ts';

parentPort!.postMessage(echo(workerData as EchoOrders));

// Array methods whose callback is a generator: what the loader puts where the sources pass a
// function that reaches shared memory to `map`, `filter` and their like.

import type { Running } from './running.ts';

type Callback = (...args: unknown[]) => Running;
type List = ArrayLike<unknown>;

export const iterate = {
  *map(list: List, of: Callback): Running {
    const out: unknown[] = [];
    for (let i = 0; i < list.length; i++) out.push(yield* of(list[i], i));
    return out;
  },

  *from(type: ArrayConstructor, source: List, of: Callback): Running {
    const out: unknown[] = [];
    for (let i = 0; i < source.length; i++) out.push(yield* of(source[i], i));
    return type.from(out);
  },

  *forEach(list: List, of: Callback): Running {
    for (let i = 0; i < list.length; i++) yield* of(list[i], i);
    return undefined;
  },

  *filter(list: List, of: Callback): Running {
    const out: unknown[] = [];
    for (let i = 0; i < list.length; i++) if (yield* of(list[i], i)) out.push(list[i]);
    return out;
  },

  *find(list: List, of: Callback): Running {
    for (let i = 0; i < list.length; i++) if (yield* of(list[i], i)) return list[i];
    return undefined;
  },

  *every(list: List, of: Callback): Running {
    for (let i = 0; i < list.length; i++) if (!(yield* of(list[i], i))) return false;
    return true;
  },

  *some(list: List, of: Callback): Running {
    for (let i = 0; i < list.length; i++) if (yield* of(list[i], i)) return true;
    return false;
  },

  *flatMap(list: List, of: Callback): Running {
    const out: unknown[] = [];
    for (let i = 0; i < list.length; i++) out.push(yield* of(list[i], i));
    return out.flat();
  },

  *reduce(list: List, of: Callback, first: unknown): Running {
    let sum = first;
    for (let i = 0; i < list.length; i++) sum = yield* of(sum, list[i], i);
    return sum;
  },
};

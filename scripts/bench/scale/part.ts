import { readFileSync } from 'node:fs';
import { loadEngine } from '#host/engine/wasm-engine.ts';
import { DIST } from '../../build/paths.ts';
import { shown } from '../numbers.ts';
import type { BenchContext } from '../parts.ts';
import { bytesEach, decideAgain } from './footprint.ts';
import { live } from './lives.ts';
import { measureOnApiServer } from './on-api-server.ts';

const NAMESPACE = 'scale';
/** What the footprint of one Task is taken from. */
const FOOTPRINT = { quick: 2_500, whole: 20_000 };
const QUICK = [1_000, 10_000];
const WHOLE = [1_000, 10_000, 50_000];
const DECIDED_AGAIN = 10_000;

/** Of the design. */
const MOST_BYTES = { finished: 4_096, running: 8_192 };
const MOST_SECONDS = 10;

/** The host with many Tasks: in memory, where bytes can be told apart, and on a real API server. */
export async function measureScale({ isQuick, report, add }: BenchContext): Promise<void> {
  const engine = loadEngine(readFileSync(`${DIST}core.wasm`));
  const count = isQuick ? FOOTPRINT.quick : FOOTPRINT.whole;
  const [finished, running] = [await live('finished', NAMESPACE), await live('running', NAMESPACE)];
  report(`bytes of each of ${shown(count)} Tasks`);
  const bytes = async (what: string, life: typeof finished, withPod: boolean, atMost: number): Promise<void> => {
    const json = JSON.stringify(life.task).length + (withPod ? JSON.stringify(life.pod).length : 0);
    const ours = await bytesEach(engine, life, withPod, count);
    add({ what, unit: 'bytes', ours, rival: { name: 'JSON', value: json }, goal: { atMost } });
  };
  await bytes('heap of a finished Task', finished, false, MOST_BYTES.finished);
  await bytes('heap of a finished Task whose Pod is kept', finished, true, 2 * MOST_BYTES.finished);
  await bytes('heap of a running Task and its Pod', running, true, MOST_BYTES.running);
  report(`${shown(DECIDED_AGAIN)} Tasks decided again`);
  const again = await decideAgain(engine, running, DECIDED_AGAIN);
  add(
    { what: `${shown(DECIDED_AGAIN)} running Tasks decided again: CPU`, unit: 's', ours: again.cpuSeconds, goal: { atMost: MOST_SECONDS } },
    {
      what: `${shown(DECIDED_AGAIN)} running Tasks decided again: calls of the core`,
      unit: '',
      ours: again.decisions,
      goal: { atMost: DECIDED_AGAIN },
    },
    { what: `${shown(DECIDED_AGAIN)} running Tasks decided again: writes`, unit: '', ours: again.writes, goal: { atMost: 0 } },
  );
  for (const size of isQuick ? QUICK : WHOLE) await measureOnApiServer(size, finished, NAMESPACE, { report, add });
}

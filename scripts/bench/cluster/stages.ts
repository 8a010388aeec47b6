import { type Stage, stage } from '../../cluster/stages/stage.ts';
import { ended, RUNNING } from '../../cluster/stages/status.ts';
import { DELETED, isPhase, NOT_DELETED } from '../../cluster/stages/when.ts';

/** Label of a Pod that says how long it runs: `0s` ends at once, `never` does not end, `spread` ends after 2 to 4 seconds. */
export const RUN_FOR = 'bench.kubeopencode.io/run-for';
export type RunFor = '0s' | 'spread' | 'never';

const runsFor = (value: RunFor) => ({ key: `.metadata.labels["${RUN_FOR}"]`, operator: 'In' as const, values: [value] });

const ENDED = { next: { statusTemplate: ended({ exitCode: '"0"', phase: 'ByCode' }) } };

/** As little of a kubelet as a Pod needs that starts, runs and succeeds: kwok is to cost no more CPU than it must, it is not what is measured. */
export const BENCH_STAGES: readonly Stage[] = [
  stage('bench-start', 'Pod', [NOT_DELETED, isPhase('Pending')], { next: { statusTemplate: RUNNING } }),
  stage('bench-end', 'Pod', [NOT_DELETED, isPhase('Running'), runsFor('0s')], ENDED),
  stage('bench-end-spread', 'Pod', [NOT_DELETED, isPhase('Running'), runsFor('spread')], {
    // Spread, so that ends do not come all at a time.
    delay: { durationMilliseconds: 2_000, jitterDurationMilliseconds: 4_000 },
    ...ENDED,
  }),
  stage('bench-delete', 'Pod', [DELETED], { next: { delete: true } }),
];

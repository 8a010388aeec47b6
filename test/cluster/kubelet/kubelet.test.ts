import { describe, it } from 'vitest';
import { reasonToSkip } from './node.ts';

const reason = reasonToSkip();
if (reason === undefined) await import('./suite.ts');
else describe(reason, () => it.runIf(false)('Tasks on a real kubelet', () => undefined));

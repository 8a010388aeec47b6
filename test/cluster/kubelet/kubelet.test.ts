import { it } from 'vitest';
import { reasonToSkip } from './node.ts';

const reason = reasonToSkip();
if (reason === undefined) await import('./suite.ts');
else it('Tasks on a real kubelet', ({ skip }) => skip(reason));

import type { Style } from '../io.ts';

/** Colour of a phase. */
export function phaseStyle(phase: string): Style {
  switch (phase) {
    case 'Completed':
      return 'green';
    case 'Failed':
      return 'red';
    case 'Running':
      return 'cyan';
    default:
      return 'yellow';
  }
}

import type { Pod } from '../api/kubernetes.ts';
import type { Stop } from '../api/task-parts.ts';
import type { TaskContext } from './context.ts';
import { startedWithOf } from './started-with.ts';

/** How a Task is stopped: its own word, else what it was started with. */
export function stopOf(context: TaskContext, pod: Pod | null): Stop {
  return context.task.spec.stop ?? startedWithOf(pod).stop ?? {};
}

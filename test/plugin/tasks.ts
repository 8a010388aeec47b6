import type { Task, TaskStatus } from '#core/api/task.ts';
import { agent, condition, pod, task } from '#test/support/builders.ts';
import type { FakeApiServer } from '#test/support/fake-apiserver.ts';

/** Puts a Task on the server; its UID is `uid-<name>`. */
export function putTask(server: FakeApiServer, name: string, options: Parameters<typeof task>[0] = {}): Task {
  const made = task({ name, ...options, metadata: { uid: `uid-${name}`, ...options.metadata } });
  return server.store.put('Task', made) as Task;
}

/** Gives a Task a status, as a controller would. */
export function putStatus(server: FakeApiServer, name: string, status: TaskStatus): void {
  const before = server.store.get('Task', 'team-a', name);
  if (before === undefined) throw new Error(`give task ${name} a status: it is not there`);
  server.store.put('Task', { ...before, status } as Task);
}

/** Puts a Pod of a Task on the server. */
export function putPod(server: FakeApiServer, taskName: string, options: Parameters<typeof pod>[0] = {}): void {
  const uid = `uid-${taskName}`;
  const owner = { apiVersion: 'kubeopencode.io/v1alpha1', kind: 'Task', name: taskName, uid, controller: true };
  server.store.put('Pod', {
    ...pod({
      ...options,
      metadata: {
        name: `${taskName}-pod`,
        uid: `uid-${taskName}-pod`,
        labels: { 'kubeopencode.io/task-uid': uid },
        ownerReferences: [owner],
        ...options.metadata,
      },
    }),
  });
}

export function putAgent(server: FakeApiServer, spec: Parameters<typeof agent>[0] = {}): void {
  server.store.put('Agent', agent(spec));
}

export function ended(phase: 'Completed' | 'Failed', more: Partial<TaskStatus> = {}): TaskStatus {
  return { phase, attemptCount: 1, conditions: [condition('Finished', 'True', phase)], ...more };
}

import { expectTypeOf, test } from 'vitest';
import type { Agent } from '#core/api/agent.ts';
import type { KubeOpenCodeConfig, KubeOpenCodeConfigSpec } from '#core/api/config.ts';
import type { ContextItem } from '#core/api/context.ts';
import type { Condition, Container, EnvVar, KubernetesObject, Volume, VolumeMount } from '#core/api/kubernetes.ts';
import type { AgentPodSpec } from '#core/api/pod-spec.ts';
import type { Attempt, Cause, Task, TaskSpec } from '#core/api/task.ts';

type Present<T> = Exclude<T, undefined>;

// The compiler judges these (npm run check); at run time they pass.
test('types from the schemas fit the types of Kubernetes', () => {
  expectTypeOf<Task>().toExtend<KubernetesObject>();
  expectTypeOf<KubeOpenCodeConfig>().toExtend<KubernetesObject>();
  expectTypeOf<Present<Present<Task['status']>['conditions']>>().toExtend<readonly Condition[]>();
  expectTypeOf<Present<AgentPodSpec['extraEnv']>>().toExtend<readonly EnvVar[]>();
  expectTypeOf<Present<AgentPodSpec['extraVolumes']>>().toExtend<readonly Volume[]>();
  expectTypeOf<Present<AgentPodSpec['extraVolumeMounts']>>().toExtend<readonly VolumeMount[]>();
  expectTypeOf<Present<AgentPodSpec['resources']>>().toExtend<Present<Container['resources']>>();
});

test('types are readonly to the bottom, and absent is not undefined', () => {
  expectTypeOf<{ timeout: undefined }>().not.toExtend<Pick<TaskSpec, 'timeout'>>();
  expectTypeOf<TaskSpec['contexts']>().toEqualTypeOf<readonly ContextItem[] | undefined>();
  expectTypeOf<Present<ContextItem['git']>>().toEqualTypeOf<Readonly<Present<ContextItem['git']>>>();
  expectTypeOf<Attempt['cause']>().toEqualTypeOf<Cause | undefined>();
});

test('fields with a default may be left out', () => {
  expectTypeOf<Record<never, never>>().toExtend<KubeOpenCodeConfigSpec>();
  expectTypeOf<{ metadata: { name: string }; spec: { workspaceDir: string } }>().toExtend<Agent>();
});

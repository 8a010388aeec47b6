import type { KubernetesObject } from '#core/api/kubernetes.ts';
import type { Task } from '#core/api/task.ts';
import { type Kind, RESOURCES } from '#core/contract/kinds.ts';
import type { World } from '#host/cluster/memory/world.ts';
import { askingFor } from '#plugin/retry/next-attempt.ts';
import { newObject } from '#test/support/new-object.ts';

/** Carries a command of the explanation out on a cluster in memory, as a shell and kubectl would; undefined for one that is not known here. */
export function carryOut(world: World, command: string): true | undefined {
  const [text = '', sink] = command.split(' | ');
  const words = wordsOf(text);
  if (words[0] === 'echo') {
    if (sink !== 'kubectl apply -f -') return undefined;
    const object = JSON.parse(words[1] ?? '') as KubernetesObject;
    world.apply(newObject(kindOf(object.kind ?? ''), object));
    return true;
  }
  if (sink !== undefined) return undefined;
  const namespace = valueAfter(words, '-n');
  const [verb = '', ...rest] = words.slice(1).filter((word, index, all) => word !== '-n' && all[index - 1] !== '-n');
  switch (verb) {
    case 'patch':
      return patched(world, namespace, rest);
    case 'delete':
      return done(world.server.delete({ kind: kindOf(rest[0] ?? ''), namespace, name: rest[1] ?? '' }, {}));
    case 'create':
      return created(world, namespace, rest);
    case 'opencode': {
      const [what, name = ''] = rest;
      const annotations = annotationsOf(what, world.server.find({ kind: 'Task', namespace, name }) as Task | undefined);
      if (annotations === undefined) return undefined;
      return done(world.server.patch({ kind: 'Task', namespace, name }, { metadata: { annotations } }, { patchType: 'merge' }));
    }
    default:
      return undefined;
  }
}

/** What `kubectl opencode stop` and `retry` write. */
function annotationsOf(what: string | undefined, task: Task | undefined): Readonly<Record<string, string | null>> | undefined {
  if (what === 'stop') return { 'kubeopencode.io/stop': 'true' };
  const asking = what === 'retry' && task !== undefined ? askingFor(task) : undefined;
  return asking?.type === 'Ask' ? { 'kubeopencode.io/retry': String(asking.attempt), 'kubeopencode.io/stop': null } : undefined;
}

function patched(world: World, namespace: string, words: readonly string[]): true | undefined {
  const [kindAndGroup = '', name = ''] = (words[0] ?? '').split('/');
  const [kindName = ''] = kindAndGroup.split('.');
  if (!isKind(kindName)) return undefined;
  const kind = kindOf(kindName);
  const address = { kind, namespace: RESOURCES[kind].namespaced ? namespace : '', name };
  const body: unknown = JSON.parse(valueAfter(words, '-p'));
  if (valueAfter(words, '--type') === 'merge') return done(world.server.patch(address, body, { patchType: 'merge' }));
  const [{ path }] = body as [{ path: string }];
  const steps = path.split('/').slice(1);
  const object = structuredClone(world.server.find(address)) as unknown as Record<string, unknown>;
  const parent = steps.slice(0, -1).reduce((at, step) => at[step] as Record<string, unknown>, object);
  if (Array.isArray(parent)) parent.splice(Number(steps.at(-1)), 1);
  else delete parent[steps.at(-1) ?? ''];
  return done(world.server.patch(address, { spec: object.spec }, { patchType: 'merge' }));
}

function created(world: World, namespace: string, [kind, name = '', ...flags]: readonly string[]): true | undefined {
  if (kind !== 'configmap') return undefined;
  const keys = flags.map((flag) => flag.replace(/^--from-file=/, '').split('=')[0] ?? '');
  const data = Object.fromEntries(keys.map((key) => [key, 'text']));
  return done(world.server.create(newObject('ConfigMap', { metadata: { name, namespace }, data } as KubernetesObject)));
}

/** Words as a POSIX shell takes them, quotes gone. */
export function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:'[^']*'|\\.|[^\s'\\])+/g)].map(([word]) =>
    word.replace(/'([^']*)'|\\(.)/g, (_all, quoted, escaped) => quoted ?? escaped),
  );
}

function valueAfter(words: readonly string[], flag: string): string {
  return words[words.indexOf(flag) + 1] ?? '';
}

function isKind(name: string): boolean {
  return Object.keys(RESOURCES).some((kind) => kind.toLowerCase() === name.toLowerCase());
}

function kindOf(name: string): Kind {
  const found = (Object.keys(RESOURCES) as Kind[]).find((kind) => kind.toLowerCase() === name.toLowerCase());
  if (found === undefined) throw new Error(`expected a kind, got ${name}`);
  return found;
}

function done(result: { readonly ok: boolean }): true {
  if (!result.ok) throw new Error(`expected the command to be accepted, got ${JSON.stringify(result)}`);
  return true;
}

import { NAMESPACES } from '#host/simulation/scenario.ts';
import type { PlannedObject } from '../input/objects.ts';

/** Tasks and namespaces have short names in a simulation, from which those of Pods and ConfigMaps are told; people read their own. */
export interface ShortNames {
  namespace(name: string): string;
  task(namespace: string, name: string): string;
  /** The Task of a short name: `namespace/name`, as the files have it. */
  taskOf(namespace: string, short: string): string;
  /** A text of the simulation in the names of the files. */
  restored(text: string): string;
}

const SHORT: readonly string[] = NAMESPACES;

/** Throws where the files have more namespaces than a simulated cluster. */
export function shortNames(objects: readonly PlannedObject[]): ShortNames {
  const namespaces = [...new Set(objects.flatMap(({ metadata }) => (metadata.namespace === undefined ? [] : [metadata.namespace])))];
  if (namespaces.length > NAMESPACES.length)
    throw new Error(
      `simulate: expected objects of at most ${NAMESPACES.length} namespaces, came ${namespaces.join(', ')}; simulate them one after the other`,
    );
  const tasks = objects.flatMap(({ kind, metadata }) =>
    kind === 'Task' ? [{ namespace: metadata.namespace ?? '', name: metadata.name }] : [],
  );
  const shortOf = (namespace: string): string => SHORT[namespaces.indexOf(namespace)] ?? NAMESPACES[0];
  const longOf = (short: string): string => namespaces[SHORT.indexOf(short)] ?? short;
  const indexOf = (short: string): number => Number(short.slice(1));
  return {
    namespace: shortOf,
    task: (namespace, name) => `t${tasks.findIndex((task) => task.namespace === namespace && task.name === name)}`,
    taskOf: (namespace, short) => `${longOf(namespace)}/${tasks[indexOf(short)]?.name ?? short}`,
    restored: (text) =>
      text
        .replace(/\bt\d+(?=-|\b)/g, (short) => tasks[indexOf(short)]?.name ?? short)
        .replace(new RegExp(`\\b(${NAMESPACES.join('|')})\\b`, 'g'), longOf),
  };
}

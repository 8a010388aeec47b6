import { acceptedCases } from './accepted.ts';
import { type Manifest, task } from './build.ts';
import { agentCases, configCases } from './refused-agents.ts';
import { contextCases, taskCases } from './refused-tasks.ts';

/** One manifest, and what every judge of manifests must say of it: the schema in a file, and the API server with `fieldValidation=Strict`. */
export interface CrdCase {
  readonly name: string;
  readonly manifest: Manifest;
  /** Absent: accepted. Otherwise the refusal names the field and matches this. */
  readonly refusedWith?: RegExp;
}

/** An update that the API server refuses: rules about the earlier form, which no file can be checked for. */
export interface UpdateCase {
  readonly name: string;
  readonly before: Manifest;
  readonly after: Manifest;
  readonly refusedWith?: RegExp;
}

export const crdCases: readonly CrdCase[] = [...acceptedCases, ...taskCases, ...contextCases, ...agentCases, ...configCases];

export const updateCases: readonly UpdateCase[] = [
  {
    name: 'managedBy set later',
    before: task({}),
    after: task({ managedBy: 'example.com/me' }),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  {
    name: 'managedBy changed',
    before: task({ managedBy: 'example.com/me' }),
    after: task({ managedBy: 'example.com/you' }),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  {
    name: 'managedBy taken away',
    before: task({ managedBy: 'example.com/me' }),
    after: task({}),
    refusedWith: /spec\.managedBy: .*managedBy is immutable/,
  },
  { name: 'timeout changed', before: task({ timeout: '1h' }), after: task({ timeout: '2h', suspend: true, priority: 3 }) },
];

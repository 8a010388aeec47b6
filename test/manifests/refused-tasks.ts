import { bareTask, task, taskWithContext } from './build.ts';
import type { CrdCase } from './cases.ts';

export const taskCases: readonly CrdCase[] = [
  {
    name: 'task without a reference',
    manifest: bareTask({ description: 'x' }),
    refusedWith: /spec: .*either agentRef or templateRef must be specified/,
  },
  {
    name: 'task with both references',
    manifest: task({ templateRef: { name: 'x' } }),
    refusedWith: /spec: .*only one of agentRef or templateRef can be specified/,
  },
  { name: 'task without spec', manifest: bareTask(undefined), refusedWith: /spec/ },
  { name: 'agentRef as plain text', manifest: bareTask({ agentRef: 'coder' }), refusedWith: /spec\.agentRef/ },
  { name: 'agentRef without a name', manifest: bareTask({ agentRef: {} }), refusedWith: /spec\.agentRef\.name/ },
  { name: 'unknown field', manifest: task({ retries: 3 }), refusedWith: /retries/ },
  ...['1 hour', '90', '1d', 'h', '', '-', '1h 30m', '5M', '--1h', '1h-5m', '.s', '2562048h', `${'1'.repeat(40)}s`].map((timeout) => ({
    name: `timeout ${JSON.stringify(timeout)}`,
    manifest: task({ timeout }),
    refusedWith:
      timeout.length > 32 ? /spec\.timeout: .*(32|characters|bytes)/ : /spec\.timeout: .*must be a duration such as 90s, 30m or 1h30m/,
  })),
  { name: 'timeout as a number', manifest: task({ timeout: 30 }), refusedWith: /spec\.timeout/ },
  { name: 'stop mode', manifest: task({ stop: { mode: 'Kill' } }), refusedWith: /spec\.stop\.mode: .*Delete.*Retain/ },
  { name: 'negative grace', manifest: task({ stop: { gracePeriodSeconds: -1 } }), refusedWith: /spec\.stop\.gracePeriodSeconds/ },
  { name: 'priority beyond 32 bits', manifest: task({ priority: 2_147_483_648 }), refusedWith: /spec\.priority/ },
  { name: 'priority as a fraction', manifest: task({ priority: 1.5 }), refusedWith: /spec\.priority/ },
  { name: 'suspend as text', manifest: task({ suspend: 'true' }), refusedWith: /spec\.suspend/ },
  {
    name: 'managedBy without a domain',
    manifest: task({ managedBy: 'me' }),
    refusedWith: /spec\.managedBy: .*must be a domain and a path, such as example\.com\/controller/,
  },
  {
    name: 'managedBy over 63 characters',
    manifest: task({ managedBy: `example.com/${'x'.repeat(60)}` }),
    refusedWith: /spec\.managedBy: .*63/,
  },
  {
    name: 'negative time to live',
    manifest: task({ cleanup: { ttlSecondsAfterFinished: -1 } }),
    refusedWith: /spec\.cleanup\.ttlSecondsAfterFinished/,
  },
  ...['1 minute', '10', 'soon', ''].flatMap((text): CrdCase[] => [
    {
      name: `retry.backoff.initial ${JSON.stringify(text)}`,
      manifest: task({ retry: { limit: 1, backoff: { initial: text } } }),
      refusedWith: /spec\.retry\.backoff\.initial: .*must be a duration such as 90s, 30m or 1h30m/,
    },
    {
      name: `retry.backoff.max ${JSON.stringify(text)}`,
      manifest: task({ retry: { backoff: { max: text } } }),
      refusedWith: /spec\.retry\.backoff\.max: .*must be a duration such as 90s, 30m or 1h30m/,
    },
    ...['unschedulable', 'imagePull', 'configuration'].map((field) => ({
      name: `pendingTimeouts.${field} ${JSON.stringify(text)}`,
      manifest: task({ pendingTimeouts: { [field]: text } }),
      refusedWith: new RegExp(`spec\\.pendingTimeouts\\.${field}: .*must be a duration such as 90s, 30m or 1h30m`),
    })),
  ]),
  { name: 'negative retry limit', manifest: task({ retry: { limit: -1 } }), refusedWith: /spec\.retry\.limit: .*0/ },
  { name: 'retry limit over 100', manifest: task({ retry: { limit: 101 } }), refusedWith: /spec\.retry\.limit: .*100/ },
  { name: 'retry limit as text', manifest: task({ retry: { limit: '3' } }), refusedWith: /spec\.retry\.limit/ },
  { name: 'retry as a number', manifest: task({ retry: 3 }), refusedWith: /spec\.retry/ },
  { name: 'retry of a cause that there is not', manifest: task({ retry: { causes: { Oops: 1 } } }), refusedWith: /Oops/ },
  { name: 'retry of a cause that is final', manifest: task({ retry: { causes: { Stopped: 1 } } }), refusedWith: /Stopped/ },
  {
    name: 'negative limit of a cause',
    manifest: task({ retry: { causes: { OutOfMemory: -1 } } }),
    refusedWith: /spec\.retry\.causes\.OutOfMemory: .*0/,
  },
  { name: 'backoff factor 0', manifest: task({ retry: { backoff: { factor: 0 } } }), refusedWith: /spec\.retry\.backoff\.factor: .*1/ },
  { name: 'pending timeout of a reason that there is not', manifest: task({ pendingTimeouts: { quota: '1m' } }), refusedWith: /quota/ },
  { name: 'pendingTimeouts as one duration', manifest: task({ pendingTimeouts: '5m' }), refusedWith: /spec\.pendingTimeouts/ },
  {
    name: 'pod clean-up that is neither',
    manifest: task({ cleanup: { pod: { failed: 'Remove' } } }),
    refusedWith: /spec\.cleanup\.pod\.failed: .*Keep.*Delete/,
  },
  {
    name: 'negative delay of the pod’s clean-up',
    manifest: task({ cleanup: { pod: { delaySeconds: -1 } } }),
    refusedWith: /spec\.cleanup\.pod\.delaySeconds/,
  },
  {
    name: 'negative time to live by outcome',
    manifest: task({ cleanup: { ttlSecondsAfterStopped: -1 } }),
    refusedWith: /spec\.cleanup\.ttlSecondsAfterStopped/,
  },
  { name: 'retention count on a task', manifest: task({ cleanup: { maxRetainedTasks: 1 } }), refusedWith: /maxRetainedTasks/ },
];

export const contextCases: readonly CrdCase[] = [
  { name: 'context without type', manifest: taskWithContext({ text: 'x' }), refusedWith: /spec\.contexts\[0\]\.type/ },
  {
    name: 'context of a type that is no more',
    manifest: taskWithContext({ type: 'Secret' }),
    refusedWith: /spec\.contexts\[0\]\.type: .*Text.*ConfigMap.*Git.*Runtime.*URL/,
  },
  {
    name: 'Text without text',
    manifest: taskWithContext({ type: 'Text' }),
    refusedWith: /spec\.contexts\[0\]\.text: .*text is required when type is Text/,
  },
  {
    name: 'ConfigMap without configMap',
    manifest: taskWithContext({ type: 'ConfigMap' }),
    refusedWith: /spec\.contexts\[0\]\.configMap: .*configMap is required when type is ConfigMap/,
  },
  {
    name: 'ConfigMap without a name',
    manifest: taskWithContext({ type: 'ConfigMap', configMap: { key: 'k' } }),
    refusedWith: /spec\.contexts\[0\]\.configMap\.name/,
  },
  {
    name: 'Git without git',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x' }),
    refusedWith: /spec\.contexts\[0\]\.git: .*git is required when type is Git/,
  },
  {
    name: 'Git without mountPath',
    manifest: taskWithContext({ type: 'Git', git: { repository: 'https://x' } }),
    refusedWith: /spec\.contexts\[0\]\.mountPath: .*mountPath is required for Git/,
  },
  {
    name: 'Git without repository',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x', git: { ref: 'main' } }),
    refusedWith: /spec\.contexts\[0\]\.git\.repository/,
  },
  {
    name: 'Git with a malformed sync interval',
    manifest: taskWithContext({ type: 'Git', mountPath: 'x', git: { repository: 'https://x', sync: { interval: 'often' } } }),
    refusedWith: /spec\.contexts\[0\]\.git\.sync\.interval: .*must be a duration/,
  },
  {
    name: 'URL without url',
    manifest: taskWithContext({ type: 'URL' }),
    refusedWith: /spec\.contexts\[0\]\.url: .*url is required when type is URL/,
  },
  {
    name: 'URL timeout as a duration',
    manifest: taskWithContext({ type: 'URL', url: { source: 'https://x', timeout: '30s' } }),
    refusedWith: /spec\.contexts\[0\]\.url\.timeout/,
  },
  {
    name: 'more contexts than a Pod can carry',
    manifest: task({ contexts: Array.from({ length: 1_001 }, () => ({ type: 'Runtime' })) }),
    refusedWith: /spec\.contexts: .*1,?000/,
  },
];

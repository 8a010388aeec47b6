import type { Reach } from '../../contract/why-changes.ts';
import type { Kubectl } from '../../kubectl.ts';
import { type Change, type Situation, withFacts } from './change.ts';

/** What lets the API server accept what it refused. */
interface Remedy {
  readonly reach: Reach;
  readonly change: string;
  readonly command?: string;
  readonly look?: string;
}

interface Lesson {
  /** Against the API server's own text. Source: apiserver and kube plugins under `plugin/pkg/admission`. */
  readonly pattern: RegExp;
  remedy(words: readonly string[], kubectl: Kubectl, text: string): Remedy;
}

const LESSONS: readonly Lesson[] = [
  {
    pattern: /exceeded quota: ([^,\s]+)/,
    remedy: ([, quota = ''], kubectl, text) => {
      const hard = hardFor(text);
      const change = `ResourceQuota ${quota} has room for this Pod`;
      return hard === undefined
        ? { reach: 'Cluster', change, look: kubectl.run('describe', 'resourcequota', quota) }
        : {
            reach: 'Cluster',
            change: `${change} (${Object.entries(hard)
              .map(([name, value]) => `${name}: ${value}`)
              .join(', ')})`,
            command: kubectl.run('patch', 'resourcequota', quota, '--type', 'merge', '-p', JSON.stringify({ spec: { hard } })),
          };
    },
  },
  {
    pattern: /failed quota: ([^:]+): must specify ([\w./,-]+)/,
    remedy: ([, quota = '', what = ''], kubectl) => ({
      reach: 'Cluster',
      change: `the Pod’s containers say ${what}, as ResourceQuota ${quota} demands`,
      look: kubectl.run('describe', 'resourcequota', quota),
    }),
  },
  {
    pattern: /(maximum|minimum) (\S+) usage per (\w+) is ([^,\]]+)/,
    remedy: ([, most = '', what = '', which = '', limit = ''], kubectl) => ({
      reach: 'Cluster',
      change: `the LimitRange allows what the Pod asks for (now ${most} ${what} per ${which}: ${limit})`,
      look: kubectl.run('describe', 'limitrange'),
    }),
  },
  {
    pattern: /service ?account "?([^"\s/]+\/)?([^"\s:/]+)"?: serviceaccounts? "?[^"\s]+"? not found|serviceaccounts? "([^"]+)" not found/,
    remedy: ([, , looked, found], kubectl) => {
      const name = found ?? looked ?? '';
      return { reach: 'NewObject', change: `ServiceAccount ${name} is there`, command: kubectl.run('create', 'serviceaccount', name) };
    },
  },
  {
    pattern: /no PriorityClass with name ([^\s]+) was found/,
    remedy: ([, name = ''], kubectl) => ({
      reach: 'Cluster',
      change: `PriorityClass ${name} is there`,
      command: kubectl.runWithoutNamespace('create', 'priorityclass', name, '--value=0'),
    }),
  },
  {
    pattern: /admission webhook "([^"]+)" denied the request/,
    remedy: ([, webhook = ''], kubectl) => ({
      reach: 'Cluster',
      change: `admission webhook ${webhook} lets the object pass`,
      look: webhooks(kubectl),
    }),
  },
  {
    pattern: /failed calling webhook "([^"]+)"/,
    remedy: ([, webhook = ''], kubectl) => ({ reach: 'Cluster', change: `admission webhook ${webhook} answers`, look: webhooks(kubectl) }),
  },
  {
    pattern: /ValidatingAdmissionPolicy '([^']+)'(?: with binding '([^']+)')? denied request/,
    remedy: ([, policy = '', binding], kubectl) => ({
      reach: 'Cluster',
      change: `ValidatingAdmissionPolicy ${policy} lets the object pass`,
      look: kubectl.runWithoutNamespace(
        'get',
        `validatingadmissionpolicy/${policy}`,
        ...(binding === undefined ? [] : [`validatingadmissionpolicybinding/${binding}`]),
        '-o',
        'yaml',
      ),
    }),
  },
  {
    pattern: /violates PodSecurity "(baseline|restricted)/,
    remedy: ([, level = ''], kubectl) => {
      const lower = level === 'restricted' ? 'baseline' : 'privileged';
      return {
        reach: 'Cluster',
        change: `the namespace takes Pods of level ${lower} (PodSecurity, now ${level})`,
        command: kubectl.runWithoutNamespace(
          'label',
          'namespace',
          kubectl.namespace,
          '--overwrite',
          `pod-security.kubernetes.io/enforce=${lower}`,
        ),
      };
    },
  },
  {
    pattern: /because it is being terminated/,
    remedy: (_words, kubectl) => ({
      reach: 'Cluster',
      change: 'the namespace, which is being deleted, is made anew',
      look: kubectl.runWithoutNamespace('get', 'namespace', kubectl.namespace, '-o', 'yaml'),
    }),
  },
  {
    pattern: /User "([^"]+)" cannot (\w+) resource "([^"]+)"/,
    remedy: ([, user = '', verb = '', resource = ''], kubectl) => ({
      reach: 'Cluster',
      change: `the controller (${user}) may ${verb} ${resource}`,
      look: kubectl.run('auth', 'can-i', verb, resource, '--as', user),
    }),
  },
];

/** The last try’s refusal lifted: the core is asked as if there had been none, and the text of the refusal says what lifts it. */
export function refusalGone(situation: Situation): readonly Change[] {
  const { refusal, kubectl } = situation;
  if (refusal === undefined) return [];
  const { reach, change, command, look } = remedyFor(refusal, kubectl);
  const told = { ...(command === undefined ? {} : { command }), ...(look === undefined ? {} : { look }) };
  return [{ kind: 'Refusal', reach, change, ...told, case: withFacts(situation, { outcomes: [] }) }];
}

function remedyFor(refusal: string, kubectl: Kubectl): Remedy {
  for (const { pattern, remedy } of LESSONS) {
    const words = pattern.exec(refusal);
    if (words !== null) return remedy(words, kubectl, refusal);
  }
  return { reach: 'Cluster', change: 'the API server accepts the next try' };
}

function webhooks(kubectl: Kubectl): string {
  return kubectl.runWithoutNamespace('get', 'validatingwebhookconfigurations,mutatingwebhookconfigurations');
}

/** What `hard` has to be for what was requested beside what is used; undefined where these are no plain numbers. */
function hardFor(text: string): Readonly<Record<string, string>> | undefined {
  const part = (name: string): ReadonlyMap<string, string> =>
    new Map(
      [...(new RegExp(`${name}: ([^:]+?)(?:, \\w+:|$)`).exec(text)?.[1] ?? '').matchAll(/([^=,\s]+)=([^=,\s]+)/g)].map(
        ([, key = '', value = '']) => [key, value],
      ),
    );
  const [requested, used] = [part('requested'), part('used')];
  const sums = [...requested].map(([name, value]): readonly [string, number] => [name, Number(value) + Number(used.get(name))]);
  return sums.length === 0 || sums.some(([, sum]) => !Number.isSafeInteger(sum))
    ? undefined
    : Object.fromEntries(sums.map(([name, sum]) => [name, String(sum)]));
}

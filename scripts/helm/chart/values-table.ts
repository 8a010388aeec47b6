import type { Sources } from './sources.ts';
import type { Value } from './values.ts';

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const map = { type: 'object' } as const;
const list = { type: 'array' } as const;
const texts = { type: 'array', items: { type: 'string' } } as const;
const name = { type: 'string', maxLength: 63, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' } as const;

/** All values of the chart, in the order in which people read them. What the manifests say is the default. */
export function valuesOf(sources: Sources): readonly Value[] {
  const { spec: pod } = sources.deployment.spec.template;
  const [container] = pod.containers;
  const { from } = sources.networkPolicy.spec.ingress[0];
  return [
    {
      path: 'fullnameOverride',
      default: '',
      schema: text,
      meaning: 'Name of the Deployment, its ServiceAccount and its roles. Default: kubeopencode-controller.',
    },
    {
      path: 'image.repository',
      default: container.image,
      schema: { ...text, minLength: 1 },
      meaning: 'Where your cluster gets the image from, such as registry.example.com/kubeopencode-host.',
    },
    { path: 'image.tag', default: '', schema: text, meaning: "Default: the chart's appVersion." },
    {
      path: 'image.digest',
      default: '',
      schema: { ...text, pattern: '^(sha256:[0-9a-f]{64})?$' },
      meaning: 'sha256:… pins the image; the tag is left out then.',
    },
    {
      path: 'image.pullPolicy',
      default: container.imagePullPolicy,
      schema: { enum: ['Always', 'IfNotPresent', 'Never'] },
      meaning: 'As in a Pod.',
    },
    { path: 'imagePullSecrets', default: [], schema: list, meaning: 'As in a Pod: [{name: …}].' },
    {
      path: 'replicas',
      default: 1,
      schema: { type: 'integer', minimum: 0 },
      meaning: 'One works, the others stand by. From two on they are spread, and a PodDisruptionBudget keeps one.',
    },
    {
      path: 'watchNamespaces',
      default: [],
      schema: { type: 'array', items: name, uniqueItems: true },
      meaning: 'Work in these namespaces only, with a Role in each and no ClusterRole for Tasks. Default: all namespaces.',
    },
    {
      path: 'labelSelector',
      default: '',
      schema: text,
      meaning: 'Work on Tasks with these labels only, so that several controllers can share a cluster.',
    },
    {
      path: 'crds.install',
      default: true,
      schema: flag,
      meaning: 'Install and upgrade the CustomResourceDefinitions. They stay when the release goes: with them every Task would go.',
    },
    {
      path: 'userRoles.create',
      default: true,
      schema: flag,
      meaning: 'Let everybody who has edit or view in a namespace have it for Tasks, Agents and AgentTemplates too.',
    },
    {
      path: 'clusterConfig.read',
      default: true,
      schema: flag,
      meaning: 'Let the controller read the KubeOpenCodeConfig of the cluster. Without, its defaults hold.',
    },
    { path: 'serviceAccount.create', default: true, schema: flag, meaning: 'Make the ServiceAccount of the controller.' },
    { path: 'serviceAccount.name', default: '', schema: text, meaning: 'Default: the name of the Deployment.' },
    { path: 'serviceAccount.annotations', default: {}, schema: map, meaning: 'Annotations of the ServiceAccount.' },
    {
      path: 'leaderElection.enabled',
      default: true,
      schema: flag,
      meaning: 'Needed for more than one replica, and for an update without two controllers at once.',
    },
    {
      path: 'leaderElection.leaseName',
      default: '',
      schema: text,
      meaning: 'Controllers with different namespaces or selectors need different Leases. Default: task-controller.kubeopencode.io.',
    },
    { path: 'logLevel', default: 'info', schema: { enum: ['debug', 'info', 'warn', 'error'] }, meaning: 'Of the log on stdout.' },
    {
      path: 'journal.enabled',
      default: false,
      schema: flag,
      meaning: 'Keep every snapshot and decision in an emptyDir, for kubectl opencode replay.',
    },
    {
      path: 'journal.maxSize',
      default: '256Mi',
      schema: { ...text, pattern: '^[0-9]+(Ki|Mi|Gi)$' },
      meaning: 'Bound of the journal; the oldest is dropped.',
    },
    {
      path: 'journal.volumeSizeLimit',
      default: '320Mi',
      schema: { ...text, pattern: '^[0-9]+(Ki|Mi|Gi)$' },
      meaning: 'Bound of its emptyDir; a little above maxSize.',
    },
    { path: 'metrics.enabled', default: true, schema: flag, meaning: 'Serve /metrics on port 8080, with a headless Service before it.' },
    {
      path: 'metrics.auth.enabled',
      default: false,
      schema: flag,
      meaning: 'Serve metrics and /debug over HTTPS, only for those whom the API server lets.',
    },
    {
      path: 'metrics.auth.tlsSecretName',
      default: 'kubeopencode-metrics-tls',
      schema: text,
      meaning: 'Secret with tls.crt and tls.key, which is yours to make, by cert-manager say.',
    },
    {
      path: 'networkPolicy.enabled',
      default: false,
      schema: flag,
      meaning: 'Close the network of the controller but for the API server, DNS, servers of Agents and metrics.',
    },
    { path: 'networkPolicy.metricsFrom', default: from, schema: list, meaning: 'Who may scrape: peers of a NetworkPolicy.' },
    {
      path: 'networkPolicy.egress',
      default: sources.networkPolicy.spec.egress,
      schema: list,
      meaning: 'What the controller may reach: DNS, the API server, servers of Agents (execution: Attach).',
    },
    { path: 'podDisruptionBudget.enabled', default: true, schema: flag, meaning: 'From two replicas on.' },
    {
      path: 'resources',
      default: container.resources,
      schema: map,
      meaning: 'Of the container. No limit of CPU: a throttled leader may lose its lead.',
    },
    { path: 'podSecurityContext', default: pod.securityContext, schema: map, meaning: 'Meets the restricted Pod security standard.' },
    {
      path: 'securityContext',
      default: container.securityContext,
      schema: map,
      meaning: 'Of the container; meets the restricted Pod security standard.',
    },
    { path: 'nodeSelector', default: {}, schema: map, meaning: 'As in a Pod.' },
    { path: 'tolerations', default: [], schema: list, meaning: 'As in a Pod.' },
    { path: 'affinity', default: {}, schema: map, meaning: 'As in a Pod. Default: replicas on different nodes, where that can be.' },
    {
      path: 'topologySpreadConstraints',
      default: [],
      schema: list,
      meaning: 'As in a Pod. Default: replicas in different zones, where that can be.',
    },
    {
      path: 'priorityClassName',
      default: '',
      schema: text,
      meaning:
        'Tasks that run go on without their controller, so none by default. Where your cluster is often full, one above that of your Tasks.',
    },
    { path: 'podLabels', default: {}, schema: map, meaning: 'More labels of the Pods.' },
    { path: 'podAnnotations', default: {}, schema: map, meaning: 'More annotations of the Pods.' },
    { path: 'extraArgs', default: [], schema: texts, meaning: 'More flags of the host, such as --reference-grace=2m.' },
    { path: 'extraEnv', default: [], schema: list, meaning: 'More environment variables, as in a Pod.' },
    {
      path: 'releasePods.enabled',
      default: true,
      schema: flag,
      meaning:
        'When the release goes, a Pod takes the finalizer off the Pods of Tasks, after the controller has ended. Without, nobody does.',
    },
  ];
}

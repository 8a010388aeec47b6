import type { Container, Pod, PodSpec, Quantity, ResourceRequirements, Volume } from '#core/api/kubernetes.ts';
import { fieldsEqual } from '../json.ts';
import type { FieldError } from './errors.ts';
import type { Json } from './kinds.ts';
import { canonicalQuantity } from './quantity.ts';

const MAX_INT32 = 2_147_483_647;

/** Fields of a Pod's spec that an update may change; the text is the API server's. */
const UPDATABLE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** The tolerations that admission adds to every Pod. */
const DEFAULT_TOLERATIONS = ['not-ready', 'unreachable'].map((taint) => ({
  key: `node.kubernetes.io/${taint}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 300,
}));

/** A Pod's spec with the API server's defaults. Source: kubernetes pkg/apis/core/v1/defaults.go, and the admission plugins DefaultTolerationSeconds, ServiceAccount and Priority. */
export function defaultPodSpec(spec: PodSpec): PodSpec {
  const tolerations = spec.tolerations ?? [];
  const missing = DEFAULT_TOLERATIONS.filter(({ key }) => !tolerations.some((toleration) => toleration.key === key));
  const { initContainers, volumes } = spec;
  return {
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    serviceAccountName: 'default',
    ...DEFAULTS,
    ...spec,
    securityContext: spec.securityContext ?? {},
    tolerations: [...tolerations, ...missing],
    ...(initContainers === undefined ? {} : { initContainers: initContainers.map(defaultContainer) }),
    containers: spec.containers.map(defaultContainer),
    ...(volumes === undefined ? {} : { volumes: volumes.map(defaultVolume) }),
  };
}

const DEFAULTS = {
  dnsPolicy: 'ClusterFirst',
  schedulerName: 'default-scheduler',
  enableServiceLinks: true,
  priority: 0,
  preemptionPolicy: 'PreemptLowerPriority',
};

function defaultContainer(container: Container): Container {
  const { image = '' } = container;
  const tag = image.slice(image.lastIndexOf('/') + 1);
  const isLatest = !image.includes('@') && (!tag.includes(':') || tag.endsWith(':latest'));
  return {
    imagePullPolicy: isLatest ? 'Always' : 'IfNotPresent',
    ...{ terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File' },
    ...container,
    resources: defaultResources(container.resources ?? {}),
  };
}

/** What is limited and not requested is requested. */
function defaultResources(resources: ResourceRequirements): ResourceRequirements {
  const limits = canonical(resources.limits);
  const requests = canonical(resources.requests);
  if (limits === undefined && requests === undefined) return resources;
  return { ...resources, ...(limits === undefined ? {} : { limits }), requests: { ...limits, ...requests } };
}

function canonical(quantities: ResourceRequirements['limits']): Readonly<Record<string, string>> | undefined {
  if (quantities === undefined) return undefined;
  return Object.fromEntries(Object.entries(quantities).map(([name, quantity]) => [name, canonicalQuantity(quantity)]));
}

/** Files of these sources are readable by all unless told otherwise. */
const FILE_SOURCES = ['secret', 'configMap', 'downwardAPI', 'projected'];
const DEFAULT_FILE_MODE = 0o644;
const DEFAULT_TOKEN_SECONDS = 3_600;

function defaultVolume(volume: Volume): Volume {
  const [name = '', source] = Object.entries(volume).find(([key]) => key !== 'name') ?? [];
  const fields = source as Json | undefined;
  if (fields === undefined) return volume;
  if (name === 'hostPath') return { ...volume, hostPath: { type: '', ...fields } };
  if (name === 'emptyDir' && fields.sizeLimit !== undefined) {
    return { ...volume, emptyDir: { ...fields, sizeLimit: canonicalQuantity(fields.sizeLimit as Quantity) } };
  }
  if (!FILE_SOURCES.includes(name)) return volume;
  const sources = name === 'projected' ? { sources: ((fields.sources ?? []) as readonly Json[]).map(defaultProjection) } : {};
  return { ...volume, [name]: { defaultMode: DEFAULT_FILE_MODE, ...fields, ...sources } };
}

function defaultProjection(source: Json): Json {
  if (source.serviceAccountToken === undefined) return source;
  return { ...source, serviceAccountToken: { expirationSeconds: DEFAULT_TOKEN_SECONDS, ...(source.serviceAccountToken as Json) } };
}

/** What a real API server refuses in a new Pod, as far as a wrong build of ours could meet it. */
export function validatePodSpec({ containers, initContainers = [], volumes = [], activeDeadlineSeconds }: PodSpec): FieldError[] {
  const errors: FieldError[] = [];
  if (containers.length === 0) errors.push({ field: 'spec.containers', message: 'Required value' });
  const volumeNames = new Set<string>();
  for (const [index, { name }] of volumes.entries()) {
    if (volumeNames.has(name)) errors.push({ field: `spec.volumes[${index}].name`, message: `Duplicate value: "${name}"` });
    volumeNames.add(name);
  }
  const seen = new Set<string>();
  for (const [field, list] of [['spec.containers', containers] as const, ['spec.initContainers', initContainers] as const]) {
    for (const [index, container] of list.entries()) {
      const at = `${field}[${index}]`;
      if (seen.has(container.name)) errors.push({ field: `${at}.name`, message: `Duplicate value: "${container.name}"` });
      seen.add(container.name);
      if (container.image === undefined || container.image === '') errors.push({ field: `${at}.image`, message: 'Required value' });
      errors.push(...validateMounts(at, container, volumeNames));
    }
  }
  return [...errors, ...validateDeadline(activeDeadlineSeconds)];
}

function validateMounts(at: string, container: Container, volumeNames: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const [index, { name, mountPath }] of (container.volumeMounts ?? []).entries()) {
    if (!volumeNames.has(name)) errors.push({ field: `${at}.volumeMounts[${index}].name`, message: `Not found: "${name}"` });
    if (paths.has(mountPath))
      errors.push({ field: `${at}.volumeMounts[${index}].mountPath`, message: `Invalid value: "${mountPath}": must be unique` });
    paths.add(mountPath);
  }
  return errors;
}

function validateDeadline(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= MAX_INT32)) return [];
  return [{ field: 'spec.activeDeadlineSeconds', message: `Invalid value: ${seconds}: must be between 1 and ${MAX_INT32}, inclusive` }];
}

/** What an update of a Pod's spec may not do. Source: kubernetes pkg/apis/core/validation/validation.go, ValidatePodUpdate. */
export function validatePodUpdate(spec: PodSpec, old: PodSpec): FieldError[] {
  const errors = validatePodSpec(spec);
  for (const field of ['containers', 'initContainers'] as const) {
    if ((spec[field] ?? []).length === (old[field] ?? []).length) continue;
    return [...errors, { field: `spec.${field}`, message: 'Forbidden: pod updates may not add or remove containers' }];
  }
  const deadline = validateDeadlineUpdate(spec.activeDeadlineSeconds, old.activeDeadlineSeconds);
  if (deadline !== undefined) return [...errors, { field: 'spec.activeDeadlineSeconds', message: deadline }];
  if (!keepsTolerations(spec, old)) {
    errors.push({ field: 'spec.tolerations', message: 'Forbidden: existing toleration can not be modified except its tolerationSeconds' });
  }
  const differs =
    !fieldsEqual(spec, old, ['activeDeadlineSeconds', 'containers', 'initContainers', 'tolerations']) ||
    !equalButImages(spec.containers, old.containers) ||
    !equalButImages(spec.initContainers ?? [], old.initContainers ?? []);
  return differs ? [...errors, { field: 'spec', message: `Forbidden: ${UPDATABLE}` }] : errors;
}

function validateDeadlineUpdate(seconds: number | undefined, old: number | undefined): string | undefined {
  if (old === undefined) return undefined;
  if (seconds === undefined) return 'Invalid value: null: must not update from a positive integer to nil value';
  return seconds > old ? `Invalid value: ${seconds}: must be less than or equal to previous value` : undefined;
}

function keepsTolerations({ tolerations = [] }: PodSpec, old: PodSpec): boolean {
  return (old.tolerations ?? []).every((kept) => tolerations.some((other) => fieldsEqual(kept, other, ['tolerationSeconds'])));
}

function equalButImages(containers: readonly Container[], old: readonly Container[]): boolean {
  if (containers.length !== old.length) return false;
  return containers.every((container, index) => fieldsEqual(container, old[index] ?? {}, ['image']));
}

/** Status of a new Pod. */
export function initialPodStatus(spec: PodSpec): NonNullable<Pod['status']> & { readonly qosClass: string } {
  return { phase: 'Pending', qosClass: qosClass(spec) };
}

/** Source: kubernetes pkg/apis/core/v1/helper/qos. */
function qosClass({ containers, initContainers = [] }: PodSpec): string {
  const all = [...containers, ...initContainers].map(({ resources }) => resources ?? {});
  if (all.every(({ limits, requests }) => !hasAny(limits) && !hasAny(requests))) return 'BestEffort';
  const isGuaranteed = all.every(({ limits, requests }) => {
    return ['cpu', 'memory'].every((name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name]);
  });
  return isGuaranteed ? 'Guaranteed' : 'Burstable';
}

function hasAny(quantities: Json | undefined): boolean {
  return quantities?.cpu !== undefined || quantities?.memory !== undefined;
}

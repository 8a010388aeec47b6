import type { KubeOpenCodeConfigSpec, OpenTelemetry } from '../api/config.ts';
import type { EnvVar } from '../api/kubernetes.ts';
import { fnv1a32 } from '../units/hash.ts';

/** Who the telemetry is about. */
export interface TelemetrySubject {
  readonly taskName: string;
  readonly namespace: string;
  /** Agent, or template where there is no Agent. */
  readonly agentName: string;
  readonly podName: string;
}

/** The configuration when it is switched on and has an endpoint. */
export function activeTelemetry(config: KubeOpenCodeConfigSpec): OpenTelemetry | null {
  const telemetry = config.observability?.openTelemetry;
  return telemetry?.enabled === true && telemetry.endpoint ? telemetry : null;
}

/** The variables of the OpenTelemetry specification, for every container. */
export function telemetryEnv(telemetry: OpenTelemetry | null, subject: TelemetrySubject): readonly EnvVar[] {
  if (telemetry === null) return [];
  return [
    { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: telemetry.endpoint ?? '' },
    ...headersEnv(telemetry.headers ?? {}),
    { name: 'OTEL_RESOURCE_ATTRIBUTES', value: attributes(telemetry, subject) },
    ...(telemetry.recordContent === true ? [{ name: 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT', value: 'true' }] : []),
  ];
}

/** One variable a secret header, resolved by the kubelet, and the list that refers to them as `$(NAME)`: nobody here reads a Secret. */
function headersEnv(headers: NonNullable<OpenTelemetry['headers']>): readonly EnvVar[] {
  const secrets: EnvVar[] = [];
  const list: string[] = [];
  for (const name of Object.keys(headers).sort()) {
    const { value, valueFrom } = headers[name] ?? {};
    if (value) {
      list.push(`${name}=${value}`);
    } else if (valueFrom?.secretKeyRef !== undefined) {
      const variable = variableName(name, secrets);
      secrets.push({ name: variable, valueFrom: { secretKeyRef: valueFrom.secretKeyRef } });
      list.push(`${name}=$(${variable})`);
    }
  }
  return list.length === 0 ? [] : [...secrets, { name: 'OTEL_EXPORTER_OTLP_HEADERS', value: list.join(',') }];
}

/** `x-api-key` gives `OTEL_HEADER_X_API_KEY`; a second header with the same letters (`x_api_key`) gets a hash, or both would carry the last one's secret. */
function variableName(header: string, taken: readonly EnvVar[]): string {
  const plain = `OTEL_HEADER_${header.toUpperCase().replace(/[^A-Z0-9]/g, '_')}`;
  return taken.some(({ name }) => name === plain) ? `${plain}_${fnv1a32(header).toUpperCase()}` : plain;
}

function attributes(telemetry: OpenTelemetry, subject: TelemetrySubject): string {
  const own = telemetry.resourceAttributes ?? {};
  return [
    `kubeopencode.task.name=${subject.taskName}`,
    `kubeopencode.task.namespace=${subject.namespace}`,
    `kubeopencode.agent.name=${subject.agentName}`,
    `k8s.namespace.name=${subject.namespace}`,
    `k8s.pod.name=${subject.podName}`,
    ...Object.keys(own)
      .sort()
      .map((name) => `${name}=${own[name]}`),
  ].join(',');
}

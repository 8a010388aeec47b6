import { type Stage, stage } from './stage.ts';

const READY = '.status.conditions[]? | select(.type == "Ready") | .status';

const NODE_STATUS = `
{{ $now := Now }}
phase: Running
conditions:
{{ range NodeConditions }}
- {type: {{ .type | Quote }}, status: {{ .status | Quote }}, reason: {{ .reason | Quote }}, message: {{ .message | Quote }}, lastHeartbeatTime: {{ $now | Quote }}, lastTransitionTime: {{ default $now $.metadata.creationTimestamp | Quote }}}
{{ end }}
addresses:
- {type: InternalIP, address: {{ NodeIP | Quote }}}
daemonEndpoints: {kubeletEndpoint: {Port: {{ NodePort }}}}
nodeInfo:
  architecture: amd64
  operatingSystem: linux
  bootID: ""
  machineID: ""
  systemUUID: ""
  osImage: simulated
  kernelVersion: {{ printf "kwok-%s" Version | Quote }}
  containerRuntimeVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeletVersion: {{ printf "kwok-%s" Version | Quote }}
  kubeProxyVersion: {{ printf "kwok-%s" Version | Quote }}`;

/** kwok renews the node's Lease itself; the status is repeated now and then, as a kubelet does. */
export const NODE_STAGES: readonly Stage[] = [
  stage('node-start', 'Node', [{ key: READY, operator: 'NotIn', values: ['True'] }], { next: { statusTemplate: NODE_STATUS } }),
  stage('node-heartbeat', 'Node', [{ key: READY, operator: 'In', values: ['True'] }], {
    delay: { durationMilliseconds: 300_000, jitterDurationMilliseconds: 360_000 },
    next: { statusTemplate: NODE_STATUS },
  }),
];

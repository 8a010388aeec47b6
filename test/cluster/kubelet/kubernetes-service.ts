import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { BRIDGE } from './configuration.ts';

/** First address of the control plane's range of Services: that of the Service `kubernetes`. */
const KUBERNETES_SERVICE = '10.0.0.1';

/**
 * Leads Pods that call the Service `kubernetes` to the API server, as kube-proxy would: it listens on 127.0.0.1 only. All else that they ask of the world is refused at
 * once, also names: without that they would wait for answers. The bridge must be there, so a Pod must have run. clean-up.sh takes the rules away; the setting goes
 * with the bridge.
 */
export function routeKubernetesService(server: string): void {
  writeFileSync(`/proc/sys/net/ipv4/conf/${BRIDGE}/route_localnet`, '1');
  const { port } = new URL(server);
  const to = ['-d', KUBERNETES_SERVICE, '-p', 'tcp', '--dport', '443', '-j', 'DNAT', '--to-destination', `127.0.0.1:${port}`];
  iptables('nat', '-A', 'PREROUTING', '-i', BRIDGE, ...to);
  iptables('filter', '-I', 'FORWARD', '-i', BRIDGE, '!', '-o', BRIDGE, '-j', 'REJECT');
}

function iptables(table: string, ...args: readonly string[]): void {
  execFileSync('iptables', ['-w', '10', '-t', table, ...args]);
}

import { type AddressInfo, createServer, type Server } from 'node:net';

/** A port of 127.0.0.1 for each name, all different, chosen by the kernel, free a moment ago. */
export async function freePorts<N extends string>(names: readonly N[]): Promise<Readonly<Record<N, number>>> {
  const servers = await Promise.all(names.map(listen));
  const entries = servers.map((server, index) => [names[index], portOf(server.address())]);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(entries);
}

function listen(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port: 0, host: '127.0.0.1' }, () => resolve(server));
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string')
    throw new Error(`asking for a free port: expected an address with a port, got ${address}`);
  return address.port;
}

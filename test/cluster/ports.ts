/** Which ports are free? */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Below the ports that Linux and macOS give to outgoing connections: none of these takes a port between the look and its use.
 * And below the node ports of Kubernetes.
 */
const FIRST = 10_000;
const LAST = 29_999;

/** `count` different free ports. Nothing holds them after the return: whoever asked should hurry. */
export async function freePorts(count: number, host = "127.0.0.1"): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    // At random, so that two who look at the same time hardly ever find the same one.
    const port = randomInt(FIRST, LAST + 1);
    if (await isPortFree(port, host)) ports.add(port);
  }
  return [...ports];
}

export async function isPortFree(port: number, host: string): Promise<boolean> {
  try {
    const server = await listen(port, host);
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

function listen(port: number, host: string) {
  return new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}

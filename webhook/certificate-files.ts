import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import type { Synced } from "./certificates.ts";
import type { Registration } from "./registration.ts";

/**
 * Certificates that somebody else keeps, such as cert-manager: `tls.crt` and `tls.key` in a directory, read again and again.
 * The configurations are then that program's to patch; with an address of ours to register, `ca.crt` goes with it.
 */
export class CertificateFiles {
  readonly #dir: string;
  readonly #registration: Registration | undefined;

  constructor(dir: string, registration: Registration | undefined) {
    this.#dir = dir;
    this.#registration = registration;
  }

  /** @throws {Error} if the files are not there, or do not belong together (also for the moment between two writes) */
  async sync(): Promise<Synced> {
    const [cert, key] = await Promise.all([this.#read("tls.crt"), this.#read("tls.key")]);
    createSecureContext({ cert, key });
    let unregistered: string | undefined;
    if (this.#registration) unregistered = await this.#registration.ensure(await this.#read("ca.crt"));
    return { pair: { cert, key }, unregistered };
  }

  async #read(name: string): Promise<string> {
    return await readFile(join(this.#dir, name), "utf8");
  }
}

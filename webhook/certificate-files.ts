import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createSecureContext } from "node:tls";
import { messageOf } from "../src/kube/errors.ts";
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
    this.#check(cert, key);
    let unregistered: string | undefined;
    if (this.#registration) unregistered = await this.#registration.ensure(await this.#read("ca.crt"));
    return { pair: { cert, key }, unregistered };
  }

  // TLS itself takes an empty file for no file, and would then serve half a pair for ever; the chain behind the certificate is its to check.
  #check(cert: string, key: string): void {
    const certificate = parsed(join(this.#dir, "tls.crt"), () => new X509Certificate(cert));
    const privateKey = parsed(join(this.#dir, "tls.key"), () => createPrivateKey(key));
    if (!certificate.checkPrivateKey(privateKey)) {
      throw new Error(`tls.key does not belong to the certificate of tls.crt in ${this.#dir}`);
    }
    createSecureContext({ cert, key });
  }

  async #read(name: string): Promise<string> {
    return await readFile(join(this.#dir, name), "utf8");
  }
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

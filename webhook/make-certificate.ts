// oxlint-disable-next-line import/no-unassigned-import -- @peculiar/x509 wants it to be there first
import "reflect-metadata";
import { randomBytes, type webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";
import type { ServingPair } from "./server.ts";

/** A serving certificate and the certificate of the authority that signed it. */
export interface Issued extends ServingPair {
  ca: string;
}

const KEYS: webcrypto.EcKeyGenParams & webcrypto.EcdsaParams = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Clocks differ; a certificate from the future is worthless. */
const BACKDATED_MS = 3_600_000;

/**
 * Makes an authority and lets it sign one serving certificate. Its key is then thrown away, so nobody can ever sign another one:
 * a new serving certificate comes with a new authority.
 */
export async function issue(names: readonly string[], nowMs: number, validMs: number): Promise<Issued> {
  const notBefore = new Date(nowMs - BACKDATED_MS);
  const notAfter = new Date(nowMs + validMs);
  const id = randomBytes(8).toString("hex");
  const [caKeys, keys] = await Promise.all([newKeys(), newKeys()]);
  const ca = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: `CN=cloneset-webhook-ca-${id}`,
    notBefore,
    notAfter,
    signingAlgorithm: KEYS,
    keys: caKeys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(caKeys.publicKey),
    ],
  });
  const serving = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=cloneset-webhook-${id}`,
    issuer: ca.subject,
    notBefore,
    notAfter,
    signingAlgorithm: KEYS,
    publicKey: keys.publicKey,
    signingKey: caKeys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        names.map((name) => ({ type: isIP(name) === 0 ? ("dns" as const) : ("ip" as const), value: name })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { ca: pem(ca), cert: pem(serving), key: `${key}\n` };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
}

/** 127 bits, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString("hex");
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

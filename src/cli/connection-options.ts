import { InvalidArgumentError, Option } from "@commander-js/extra-typings";

/**
 * kubectl's own connection flags, under kubectl's names. kubectl hands them to a plugin unread, so that they are read
 * here; they may stand before or after the verb.
 */
export const connectionOptions = [
  new Option("-n, --namespace <namespace>", "namespace; default: that of the context"),
  new Option("-A, --all-namespaces", "look in all namespaces"),
  new Option("--context <context>", "context of the kubeconfig"),
  new Option("--kubeconfig <file>", "kubeconfig; default: $KUBECONFIG, else ~/.kube/config"),
  new Option("--cluster <name>", "cluster of the kubeconfig"),
  new Option("--user <name>", "user of the kubeconfig"),
  new Option("-s, --server <url>", "address of the API server"),
  new Option("--token <token>", "bearer token"),
  new Option("--as <user>", "act as this user"),
  new Option("--as-group <group>", "and as this group; may be repeated").argParser(
    (group: string, before: string[] | undefined) => [...(before ?? []), group],
  ),
  new Option("--as-uid <uid>", "and with this uid"),
  new Option("--certificate-authority <file>", "certificates to trust"),
  new Option("--client-certificate <file>", "certificate to log in with"),
  new Option("--client-key <file>", "its key"),
  new Option("--insecure-skip-tls-verify", "trust any server"),
  new Option("--tls-server-name <name>", "name the server's certificate is checked for"),
  new Option("--request-timeout <duration>", "for each request, e.g. 5s; 0 = no limit").argParser(requestTimeout),
] as const;

/** Go's form of a duration in ms: "1m30s", "500ms"; a bare number means seconds. @throws for anything else */
export function durationMs(text: string): number {
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) throw new InvalidArgumentError('Want a duration like "90s" or "5m".');
  const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * units[unit as keyof typeof units],
    0,
  );
}

function requestTimeout(text: string): number {
  return durationMs(text) || Number.POSITIVE_INFINITY;
}

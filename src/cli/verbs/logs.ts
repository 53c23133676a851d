import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Pod } from "../../api/pod.ts";
import { isOnRevision } from "../../revision/match.ts";
import type { Cli } from "../cli.ts";
import { durationMs } from "../connection-options.ts";
import { explain, Failure } from "../failure.ts";
import { cloneSetArgument, fullName } from "../names.ts";
import { containerNamed, defaultContainer } from "../pod-choice.ts";
import { podLog } from "../pod-log.ts";
import { namedPods, podNames } from "../pod-names.ts";
import { revisionNumbered } from "../revisions.ts";
import type { Seen } from "../seen.ts";
import { readSeen } from "../seen.ts";
import { revisionNumber } from "./history.ts";

/** With -f: how often to look for pods and containers that were not there before. */
const LOOK_AGAIN_MS = 1000;
/** Of several pods only the end is wanted, as kubectl has it. */
const TAIL_OF_MANY = 10;

type RevisionChoice = "update" | "current" | number;

/** `logs`: of all pods, or those of one revision; with -f also of pods and containers that start later. */
export const logs = (cli: Cli) =>
  new Command("logs")
    .summary("print the logs of the pods")
    .description(
      "Prints the logs of a CloneSet's pods. With -f it goes on, through restarts in place and into pods that come " +
        "later: a rollout can be followed from its beginning to its end.",
    )
    .addArgument(cloneSetArgument())
    .addOption(new Option("-f, --follow", "go on until Ctrl-C"))
    .addOption(
      new Option("--revision <revision>", "pods of this revision only: update, current or a number").argParser(
        revisionChoice,
      ),
    )
    .addOption(new Option("--pods <pod,...>", "these pods only").argParser(podNames))
    .addOption(new Option("-c, --container <container>", "default: the first one"))
    .addOption(new Option("--all-containers", "of all containers").conflicts("container"))
    .addOption(new Option("--prefix", "say of each line which pod and container wrote it"))
    .addOption(
      new Option(
        "--tail <lines>",
        "lines from the end; -1 = all; default: all of one pod, 10 of each of several",
      ).argParser(lineCount),
    )
    .addOption(new Option("--since <duration>", "only newer lines, e.g. 5m").argParser(durationMs))
    .addOption(new Option("--timestamps", "with the time of each line"))
    .addOption(new Option("-p, --previous", "of the containers before the last restart").conflicts("follow"))
    .action(async (name, options) => {
      const cluster = await cli.cluster();
      const sources = async () => sourcesOf(await readSeen(cluster, name), options);
      const { io } = cli;
      const first = await sources();
      const tailLines = options.tail ?? (first.length > 1 ? TAIL_OF_MANY : -1);
      const query = {
        follow: options.follow,
        previous: options.previous,
        timestamps: options.timestamps,
        sinceSeconds: options.since === undefined ? undefined : Math.max(1, Math.round(options.since / 1000)),
      };
      const print = async (source: Source, tail: number) => {
        const prefix = options.prefix ? `[pod/${source.pod.name}/${source.container}] ` : "";
        const tailing = tail < 0 ? {} : { tailLines: tail };
        try {
          const log = podLog(
            cluster,
            source.pod,
            { container: source.container, ...query, ...tailing },
            io.interrupted,
          );
          for await (const line of log) cli.say(prefix + line);
        } catch (error) {
          if (io.interrupted.aborted) return;
          // One pod's trouble must not end the logs of the others.
          const { text, exitCode } = explain(error);
          cli.note(`${source.pod.name}: ${text.split("\n")[0]}`);
          cli.exitCode = exitCode;
        }
      };
      if (!options.follow) {
        if (first.length === 0) throw new Failure(`no pod of cloneset.apps.kruise.io/${name} has a log`);
        for (const source of first) await print(source, tailLines);
        return;
      }
      await followAll(cli, { first, again: sources, print, tailLines });
    });

/** One container that has started, and by its id: after a restart it is another one with a log of its own. */
interface Source {
  pod: Pod;
  container: string;
  id: string;
}

interface Selection {
  revision?: RevisionChoice | undefined;
  pods?: string[] | undefined;
  container?: string | undefined;
  allContainers?: true | undefined;
}

function sourcesOf(seen: Seen, { revision, pods: names, container, allContainers }: Selection): Source[] {
  const wanted = names === undefined ? seen.pods : namedPods(seen, names);
  const pods = wanted.filter((pod) => revision === undefined || isOnRevision(pod, revisionName(seen, revision)));
  if (container !== undefined) containerNamed(seen, container);
  return [...pods]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((pod) => {
      const only = container ?? defaultContainer(seen);
      return [...pod.initContainerStatuses, ...pod.containerStatuses]
        .filter((status) => status.containerID !== "" && (allContainers || status.name === only))
        .map((status) => ({ pod, container: status.name, id: `${pod.uid} ${status.containerID}` }));
    });
}

function revisionName({ object, cloneSet, revisions }: Seen, revision: RevisionChoice): string {
  if (typeof revision === "number") return revisionNumbered(revisions, revision).name;
  const name = revision === "update" ? cloneSet.status.updateRevision : cloneSet.status.currentRevision;
  if (name === "") throw new Failure(`${fullName(object)} has no revisions yet`);
  return name;
}

/** Looks again and again for what was not there before; ends with Ctrl-C, or with the pods of a CloneSet that is gone. */
async function followAll(
  { io }: Cli,
  given: {
    first: Source[];
    again: () => Promise<Source[]>;
    print: (source: Source, tail: number) => Promise<void>;
    tailLines: number;
  },
): Promise<void> {
  const known = new Set<string>();
  const open = new Set<Promise<void>>();
  let sources = given.first;
  for (let round = 0; !io.interrupted.aborted; round++) {
    for (const source of sources) {
      if (known.has(source.id)) continue;
      known.add(source.id);
      // Of what starts later nothing was missed yet.
      const reading = given.print(source, round === 0 ? given.tailLines : -1);
      open.add(reading);
      void reading.finally(() => open.delete(reading));
    }
    await io.clock.sleep(LOOK_AGAIN_MS, io.interrupted).catch(() => {});
    if (io.interrupted.aborted) break;
    try {
      sources = await given.again();
    } catch (error) {
      // The CloneSet may be gone: what its last pods say is still wanted.
      await Promise.all(open);
      if (io.interrupted.aborted) return;
      throw error;
    }
  }
  await Promise.all(open);
}

function revisionChoice(text: string): RevisionChoice {
  return text === "update" || text === "current" ? text : revisionNumber(text);
}

function lineCount(text: string): number {
  if (!/^(-1|\d+)$/.test(text)) throw new InvalidArgumentError("Want a number of lines, or -1 for all.");
  return Number(text);
}

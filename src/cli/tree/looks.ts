import type { Io, Out } from "../cli.ts";
import type { Looks } from "./style.ts";

/** How this output looks: what it can do, what the environment says, and what was asked for. */
export function looksOf(
  { stdout, env }: Pick<Io, "stdout" | "env">,
  { color = true, ascii = false }: { color?: boolean | undefined; ascii?: boolean | undefined },
): Looks {
  const wantsColor = env["FORCE_COLOR"] ? env["FORCE_COLOR"] !== "0" : stdout.isTTY === true && env["TERM"] !== "dumb";
  return {
    columns: stdout.columns ?? columnsFrom(env, stdout),
    color: color && !env["NO_COLOR"] && wantsColor,
    ascii: ascii || !speaksUtf8(env),
  };
}

/** A pipe has no width: as wide as the text needs, unless somebody says otherwise. */
function columnsFrom(env: Io["env"], { isTTY }: Out): number {
  const columns = Number(env["COLUMNS"]);
  return Number.isInteger(columns) && columns > 0 ? columns : isTTY ? 80 : 160;
}

function speaksUtf8(env: Io["env"]): boolean {
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || "";
  return /utf-?8/i.test(locale);
}

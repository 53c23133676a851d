import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { verbActions } from "../../../src/cli/tree/actions.ts";
import { LiveView } from "../../../src/cli/tree/live.ts";
import { svgOf } from "../../support/picture.ts";
import { openTerminal } from "../../support/terminal.ts";
import { NOW_MS, rollingOut } from "./seen-web.ts";

const COLUMNS = 112;

/** `npm run screenshots` writes it anew. */
test("the picture in the README is what the terminal shows", async (t) => {
  const terminal = openTerminal({ columns: COLUMNS, rows: 18, nowMs: () => NOW_MS });
  const view = new LiveView({
    io: terminal.io,
    watching: { seen: rollingOut, trouble: () => undefined, stop: () => Promise.resolve() },
    looks: { columns: COLUMNS, color: true, ascii: false },
    all: false,
    flag: " -n shop-prod",
    actions: verbActions(() => Promise.resolve({ text: "", exitCode: 0 }), " -n shop-prod"),
  });
  const running = view.run();
  const picture = svgOf(await terminal.runs(), COLUMNS);
  await terminal.type("q");
  await running;
  t.assert.fileSnapshot(picture, fileURLToPath(new URL("../../../docs/images/tree.svg", import.meta.url)), {
    serializers: [(value: unknown) => String(value)],
  });
});

/** `npm start`. JavaScript, so that a Node too old for what follows can say so. */
import process from "node:process";

const WANTED = 24;

if (Number.parseInt(process.versions.node, 10) < WANTED) {
  console.error(
    `This needs Node ${WANTED} or newer, found ${process.versions.node}: npm ci brings it, npm start then uses it.`,
  );
  process.exitCode = 1;
} else await import("./main.ts");

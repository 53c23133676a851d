#!/usr/bin/env node
/** The package's `cloneset-controller`. JavaScript that any Node reads, so that one too old for what follows can say so. */
import process from "node:process";

const WANTED = 24;

if (Number.parseInt(process.versions.node, 10) < WANTED) {
  console.error(
    `cloneset-controller: needs Node ${WANTED} or newer, found ${process.versions.node} (${process.execPath})`,
  );
  process.exitCode = 1;
} else await import("../../dist/src/main.js");

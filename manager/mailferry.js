#!/usr/bin/env node
import { refuseNode } from './launch/node-version.js';

const refusal = refuseNode(process.versions.node);
if (refusal === null) {
  const { launch } = await import('./launch/launch.js');
  await launch('mailferry', () => import('./start.ts'));
} else {
  process.stderr.write(`${refusal}\n`);
  process.exitCode = 2;
}

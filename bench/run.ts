/**
 * `npm run bench`: measures the built server against the limit. See README.md for how to read it.
 *
 *   --quick          fewer and shorter rounds
 *   --check          a figure over its bar fails the run
 *   --only <section> calls, mcp-calls, waiting, openings, idle-heap, catalogue-size, start-up or nodes; may be given several times
 *   --dist <folder>  another build than dist/
 */
import { Bench } from './bench.ts';
import { measureCalls } from './calls.ts';
import { measureCatalogueSize } from './catalogue-size.ts';
import { pinSelf } from './cores.ts';
import { type Figure, verdict } from './figures.ts';
import { measureIdleHeap } from './idle-heap.ts';
import { measureMcpCalls } from './mcp-calls.ts';
import { measureNodes } from './nodes.ts';
import { measureOpenings } from './openings.ts';
import { readOptions } from './options.ts';
import { conditions, describe, table, write } from './report.ts';
import { measureStartUp } from './start-up.ts';
import { measureWaiting } from './waiting.ts';

const SECTIONS: Readonly<Record<string, (bench: Bench) => Promise<Figure[]>>> = {
  calls: measureCalls,
  'mcp-calls': measureMcpCalls,
  waiting: measureWaiting,
  openings: measureOpenings,
  'idle-heap': measureIdleHeap,
  'catalogue-size': measureCatalogueSize,
  'start-up': measureStartUp,
  nodes: measureNodes,
};
/** It needs a redis-server: `npm run bench:cluster`. */
const NOT_BY_DEFAULT = 'nodes';

const options = readOptions(process.argv.slice(2));
const names =
  options.only.length === 0 ? Object.keys(SECTIONS).filter((name) => name !== NOT_BY_DEFAULT) : options.only;
const unknown = names.find((name) => !Object.hasOwn(SECTIONS, name));
if (unknown !== undefined)
  throw new Error(`No section is called ${unknown}: ${Object.keys(SECTIONS).join(', ')}`);

pinSelf();
const under = conditions(options.quick);
process.stdout.write(`${describe(under)}\n\n`);

const bench = new Bench(options.plan, options.dist);
const figures: Figure[] = [];
try {
  for (const name of names) {
    process.stderr.write(`${name} …\n`);
    figures.push(...(await SECTIONS[name]!(bench)));
  }
} finally {
  await bench.stop();
}

process.stdout.write(`${table(figures)}\n`);
write(figures, under);
if (options.check && figures.some((one) => verdict(one) === 'over')) process.exitCode = 1;

import type { AST } from '@eslint-community/regexpp';
import { createRequire } from 'node:module';
import { findAmbiguity } from './position-automaton.js';

const require = createRequire(import.meta.url);

/** A higher count is treated as unlimited. */
const MAX_COUNT = 8;

/**
 * How the run time of a regular expression grows with the string's length. `unknown`: the expression is too large to
 * analyse.
 */
export type PatternCost = 'linear' | 'polynomial' | 'exponential' | 'unknown';

const costs = new Map<string, PatternCost>();
const MAX_KEPT = 10_000;

export function patternCost(regex: RegExp): PatternCost {
  const key = String(regex);
  const known = costs.get(key);
  if (known !== undefined) return known;
  const cost = analysed(regex);
  if (costs.size < MAX_KEPT) costs.set(key, cost);
  return cost;
}

function analysed(regex: RegExp): PatternCost {
  // Loaded on demand: few schemas have patterns.
  const { analyse } = require('scslre') as typeof import('scslre');
  const { source } = regex;
  const flags = regex.flags.replaceAll(/[dgy]/g, '');
  const { reports } = analyse({ source, flags });
  if (reports.some(({ exponential }) => exponential)) return 'exponential';
  const counted = withoutCounts(source, flags);
  const repeats = /[*+]|,\}/.test(counted.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]/g, ''));
  const ambiguity = repeats ? findAmbiguity({ source: counted, flags }) : 'none';
  if (ambiguity === 'unknown' || ambiguity === 'exponential') return ambiguity;
  return reports.length > 0 || ambiguity === 'polynomial' || /\\[1-9k]/.test(source)
    ? 'polynomial'
    : 'linear';
}

/** The expression with high counts replaced: `{1,500}` becomes `+`, which is equivalent for this analysis. */
function withoutCounts(source: string, flags: string): string {
  const { RegExpParser, visitRegExpAST } =
    require('@eslint-community/regexpp') as typeof import('@eslint-community/regexpp');
  const unicode = flags.includes('u');
  const unicodeSets = flags.includes('v');
  const pattern = new RegExpParser().parsePattern(source, 0, source.length, { unicode, unicodeSets });
  const found: AST.Quantifier[] = [];
  visitRegExpAST(pattern, { onQuantifierEnter: (node) => void found.push(node) });
  let result = source;
  // From the end, so that earlier positions stay valid.
  for (const node of found.toSorted((one, other) => other.end - one.end)) {
    if (node.max <= MAX_COUNT) continue;
    const at = node.element.end;
    const lazy = node.greedy ? '' : '?';
    result = `${result.slice(0, at)}${node.min === 0 ? '*' : '+'}${lazy}${result.slice(node.end)}`;
  }
  return result;
}

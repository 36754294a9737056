import { createRequire } from 'node:module';
import type { CharSet, JS } from 'refa';

const require = createRequire(import.meta.url);

/** Expressions with more positions are not searched: it would take too long at start. */
const MAX_POSITIONS = 300;
/** Maximum number of visited pairs. */
const MAX_STEPS = 2_000_000;

class TooLargeError extends Error {}

/** A part of an expression: its possible first and last positions, and whether it can be empty. */
interface Part {
  readonly first: readonly number[];
  readonly last: readonly number[];
  readonly nullable: boolean;
}
const EMPTY: Part = { first: [], last: [], nullable: true };

/**
 * Whether a regular expression can match one string in many ways, all of which backtracking tries: exponentially many,
 * where a repeated part matches a string in two ways, or as many as the string has characters, where a search without
 * `^` restarts at each of them. The expression's positions are the states, and the same step by two ways counts as two
 * (Weber and Seidl 1991, criteria EDA and IDA).
 */
export function findAmbiguity(literal: {
  readonly source: string;
  readonly flags: string;
}): 'none' | 'polynomial' | 'exponential' | 'unknown' {
  const { JS } = require('refa') as typeof import('refa');
  try {
    const { ast, parse } = bound(JS.Parser.fromLiteral(literal));
    const automaton = new PositionAutomaton(parse);
    if (automaton.hasAmbiguousCycle()) return 'exponential';
    const isAnchored = ast.pattern.alternatives.every(
      ({ elements: [first] }) => first?.type === 'Assertion' && first.kind === 'start',
    );
    const mayReject = /[$)]/.test(literal.source.replaceAll(/\\./g, ''));
    return !isAnchored && automaton.restarts(mayReject) ? 'polynomial' : 'none';
  } catch {
    // Too large to search, or for `refa` to parse.
    return 'unknown';
  }
}

function bound(parser: JS.Parser) {
  const options = { assertions: 'ignore', backreferences: 'disable', simplify: false } as const;
  return { ast: parser.ast, parse: parser.parse(options).expression };
}

type Expression = ReturnType<JS.Parser['parse']>['expression'];
type Alternatives = Expression['alternatives'];
type Element = Alternatives[number]['elements'][number];

class PositionAutomaton {
  private readonly characters: CharSet[] = [];
  private readonly next: number[][] = [];
  private readonly whole: Part;
  private readonly overlaps = new Map<number, boolean>();
  private steps = 0;

  constructor(expression: Expression) {
    this.whole = this.choice(expression.alternatives);
  }

  /** Whether two different paths lead from a state to itself by the same string. */
  hasAmbiguousCycle(): boolean {
    return this.next.some((_, state) => this.comesBackTwice(state));
  }

  /** Whether a search that begins later re-enters a loop before it has matched. */
  restarts(mayReject: boolean): boolean {
    const finals = new Set(mayReject ? [] : this.whole.last);
    if (this.whole.nullable && !mayReject) return false;
    return this.next.some((_, state) => !finals.has(state) && this.entersAgain(state));
  }

  private comesBackTwice(state: number): boolean {
    const seen = [new Set<number>(), new Set<number>()];
    const waiting: (readonly [one: number, other: number, apart: 0 | 1])[] = [[state, state, 0]];
    for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
      const [one, other, before] = pair;
      for (const [i, to] of this.next[one]!.entries()) {
        for (const [j, too] of this.next[other]!.entries()) {
          if (!this.meet(to, too)) continue;
          const apart = before === 1 || one !== other || i !== j ? 1 : 0;
          if (apart === 1 && to === state && too === state) return true;
          this.visit(seen[apart]!, waiting, [to, too, apart]);
        }
      }
    }
    return false;
  }

  /** Whether a search in the loop at `state` and one from the beginning are both in it after the same string. */
  private entersAgain(state: number): boolean {
    const seen = new Set<number>();
    const waiting: (readonly [one: number, other: number, apart: 0 | 1])[] = [];
    for (const one of this.next[state]!) {
      for (const begin of this.whole.first) {
        if (!this.meet(one, begin)) continue;
        if (one === state && begin === state) return true;
        this.visit(seen, waiting, [one, begin, 1]);
      }
      // The second search may begin after any turn of the loop.
      this.visit(seen, waiting, [one, -1, 1]);
    }
    for (let pair = waiting.pop(); pair !== undefined; pair = waiting.pop()) {
      const [one, other] = pair;
      for (const to of this.next[one]!) {
        const others = other === -1 ? this.whole.first : this.next[other]!;
        for (const too of others) {
          if (!this.meet(to, too)) continue;
          if (to === state && too === state) return true;
          this.visit(seen, waiting, [to, too, 1]);
        }
        if (other === -1) this.visit(seen, waiting, [to, -1, 1]);
      }
    }
    return false;
  }

  private visit(
    seen: Set<number>,
    waiting: (readonly [number, number, 0 | 1])[],
    pair: readonly [number, number, 0 | 1],
  ): void {
    const key = pair[0] * (MAX_POSITIONS + 1) + pair[1] + 1;
    if (seen.has(key)) return;
    this.steps += 1;
    if (this.steps > MAX_STEPS) throw new TooLargeError();
    seen.add(key);
    waiting.push(pair);
  }

  private meet(one: number, other: number): boolean {
    const key = one * MAX_POSITIONS + other;
    const known = this.overlaps.get(key);
    if (known !== undefined) return known;
    const meets = !this.characters[one]!.isDisjointWith(this.characters[other]!);
    this.overlaps.set(key, meets);
    return meets;
  }

  private choice(alternatives: Alternatives): Part {
    const parts = alternatives.map(({ elements }) =>
      elements
        .map((element) => this.part(element))
        .reduce((before, after) => this.sequence(before, after), EMPTY),
    );
    return {
      first: parts.flatMap(({ first }) => first),
      last: parts.flatMap(({ last }) => last),
      nullable: parts.some(({ nullable }) => nullable),
    };
  }

  private sequence(before: Part, after: Part): Part {
    this.connect(before.last, after.first);
    return {
      first: before.nullable ? [...before.first, ...after.first] : before.first,
      last: after.nullable ? [...before.last, ...after.last] : after.last,
      nullable: before.nullable && after.nullable,
    };
  }

  private part(element: Element): Part {
    if (element.type === 'CharacterClass') {
      const position = this.characters.push(element.characters) - 1;
      this.next.push([]);
      if (position >= MAX_POSITIONS) throw new TooLargeError();
      return { first: [position], last: [position], nullable: false };
    }
    if (element.type === 'Alternation') return this.choice(element.alternatives);
    if (element.type !== 'Quantifier') return EMPTY;
    const { min, max, alternatives } = element;
    if (max === 0) return EMPTY;
    const isEndless = max === Number.POSITIVE_INFINITY;
    const copies = isEndless ? Math.max(min, 1) : max;
    const parts = Array.from({ length: copies }, () => this.choice(alternatives));
    for (const [at, part] of parts.entries()) this.connect(part.last, parts[at + 1]?.first ?? []);
    if (isEndless) this.connect(parts.at(-1)!.last, parts.at(-1)!.first);
    // Iterations follow each other: a later one is never entered without the earlier ones.
    const last = parts.slice(Math.max(min, 1) - 1).flatMap((part) => part.last);
    return { first: parts[0]!.first, last, nullable: min === 0 || parts[0]!.nullable };
  }

  private connect(from: readonly number[], to: readonly number[]): void {
    for (const position of from) this.next[position]!.push(...to);
  }
}

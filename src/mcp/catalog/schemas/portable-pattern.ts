import type { AST } from '@eslint-community/regexpp';
import { createRequire } from 'node:module';
import { isValidPattern } from './keywords.js';

const require = createRequire(import.meta.url);

/** The widest class range whose case variants are looked up one by one. */
const MAX_RANGE = 1_024;
/** Characters that need a backslash in a pattern with the flag `u`. */
const SYNTAX = /[\^$\\.*+?()[\]{}|/-]/;

/**
 * A pattern that matches the same strings as `regex` in JSON Schema, whose patterns have the flag `u` and no other.
 * Undefined: there is none.
 */
export function portablePattern(regex: RegExp): string | undefined {
  const flags = regex.flags.replaceAll(/[gdu]/g, '');
  if (flags === '' && isValidPattern(regex.source)) return regex.source;
  if (regex.multiline || regex.flags.includes('v')) return undefined;
  // Loaded on demand: few schemas have patterns.
  const { parseRegExpLiteral } =
    require('@eslint-community/regexpp') as typeof import('@eslint-community/regexpp');
  const { pattern } = parseRegExpLiteral(regex);
  try {
    const written = new Writer(regex).write(pattern);
    const whole = regex.sticky ? `^(?:${written})` : written;
    return isValidPattern(whole) ? whole : undefined;
  } catch (error) {
    if (error instanceof NotPortableError) return undefined;
    throw error;
  }
}

const SHORT: ReadonlyMap<string, string> = new Map([
  ['0,', '*'],
  ['1,', '+'],
  ['0,1', '?'],
]);

class NotPortableError extends Error {}

/** Serializes a parsed regular expression without its flags. */
class Writer {
  private readonly cases: RegExp['flags'];

  constructor(private readonly regex: RegExp) {
    this.cases = regex.unicode ? 'iu' : 'i';
  }

  write(node: AST.Node): string {
    switch (node.type) {
      case 'Pattern':
        return this.alternatives(node.alternatives);
      case 'Alternative':
        return node.elements.map((element) => this.write(element)).join('');
      case 'Group':
        if (node.modifiers !== null) throw new NotPortableError();
        return `(?:${this.alternatives(node.alternatives)})`;
      case 'CapturingGroup':
        return `(${node.name === null ? '' : `?<${node.name}>`}${this.alternatives(node.alternatives)})`;
      case 'Assertion':
        return this.assertion(node);
      case 'Quantifier':
        return this.quantifier(node);
      case 'Backreference':
        if (this.regex.ignoreCase) throw new NotPortableError();
        return typeof node.ref === 'number' ? `\\${node.ref}(?:)` : `\\k<${node.ref}>`;
      case 'Character':
        return this.character(node.value);
      case 'CharacterSet':
        return node.kind === 'any' && this.regex.dotAll ? '[\\s\\S]' : node.raw;
      case 'CharacterClass':
        return `[${node.negate ? '^' : ''}${node.elements.map((element) => this.element(element)).join('')}]`;
      default:
        throw new NotPortableError();
    }
  }

  private alternatives(alternatives: readonly AST.Alternative[]): string {
    return alternatives.map((alternative) => this.write(alternative)).join('|');
  }

  private assertion(node: AST.Assertion): string {
    if (!('negate' in node)) return node.kind === 'start' ? '^' : '$';
    if (node.kind === 'word') return node.negate ? '\\B' : '\\b';
    const direction = node.kind === 'lookbehind' ? '<' : '';
    return `(?${direction}${node.negate ? '!' : '='}${this.alternatives(node.alternatives)})`;
  }

  private quantifier({ element, min, max, greedy }: AST.Quantifier): string {
    const upTo = max === Number.POSITIVE_INFINITY ? '' : String(max);
    const plain = SHORT.get(`${min},${upTo}`);
    const times = plain ?? (min === max ? `{${min}}` : `{${min},${upTo}}`);
    // Without the flag `u` a lookahead may have a quantifier.
    const repeated = element.type === 'Assertion' ? `(?:${this.write(element)})` : this.write(element);
    return `${repeated}${times}${greedy ? '' : '?'}`;
  }

  private character(value: number): string {
    const others = this.othersOf(value);
    const all = [value, ...others].map(escaped).join('');
    return others.length === 0 ? all : `[${all}]`;
  }

  private element(node: AST.ClassRangesCharacterClassElement | AST.CharacterClassElement): string {
    if (node.type === 'Character') return [node.value, ...this.othersOf(node.value)].map(escaped).join('');
    if (node.type === 'CharacterSet') return node.raw;
    if (node.type !== 'CharacterClassRange') throw new NotPortableError();
    const [from, to] = [node.min.value, node.max.value];
    const range = `${escaped(from)}-${escaped(to)}`;
    if (!this.regex.ignoreCase) return range;
    if (to - from > MAX_RANGE) throw new NotPortableError();
    const others = new Set<number>();
    for (let value = from; value <= to; value += 1) {
      for (const other of this.othersOf(value)) if (other < from || other > to) others.add(other);
    }
    return range + [...others].map(escaped).join('');
  }

  /** The other characters that match where case is ignored. */
  private othersOf(value: number): number[] {
    if (!this.regex.ignoreCase) return [];
    const text = String.fromCodePoint(value);
    const same = new RegExp(`^${escaped(value)}$`, this.cases);
    const near = [text.toLowerCase(), text.toUpperCase(), text.toLowerCase().toUpperCase(), ...RARE];
    const found = near.filter(
      (other) => String.fromCodePoint(other.codePointAt(0)!) === other && other !== text && same.test(other),
    );
    return [...new Set(found.map((other) => other.codePointAt(0)!))];
  }
}

/**
 * Characters with a further case variant that `toLowerCase` and `toUpperCase` do not give: long s, Kelvin, Angstrom,
 * Ohm …
 */
const RARE = [
  'ſ',
  '\u212A',
  '\u212B',
  '\u2126',
  'ς',
  'ϐ',
  'ϑ',
  'ϕ',
  'ϖ',
  'ϰ',
  'ϱ',
  'ϵ',
  'ẛ',
  '\u1E9E',
  '\u03BC',
  '\u00B5',
];

function escaped(value: number): string {
  const text = String.fromCodePoint(value);
  if (SYNTAX.test(text)) return text === '-' ? '\\x2d' : `\\${text}`;
  const isPlain =
    value >= 0x20 && value < 0xd8_00 && value !== 0x7f && value !== 0x20_28 && value !== 0x20_29;
  if (isPlain) return text;
  return value > 0xff_ff ? `\\u{${value.toString(16)}}` : `\\u${value.toString(16).padStart(4, '0')}`;
}

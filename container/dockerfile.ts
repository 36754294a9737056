export interface Step {
  /** Upper case. */
  readonly instruction: string;
  /** `--from=build` is `{ from: 'build' }`. */
  readonly flags: Readonly<Record<string, string>>;
  /** The text after the flags, on one line. */
  readonly value: string;
  /** The whole line, for messages. */
  readonly source: string;
}

export interface Stage {
  readonly name: string;
  /** A stage's name, or an image. */
  readonly base: string;
  readonly steps: Step[];
}

/**
 * Parses the part of the Dockerfile language that this project uses, and throws for everything else, which it could not
 * check.
 */
export function parseDockerfile(text: string): Stage[] {
  const stages: Stage[] = [];
  const args = new Map<string, string>();
  for (const step of stepsOf(text)) {
    const stage = stages.at(-1);
    if (step.instruction === 'FROM') stages.push(stageOf(step, stages.length, args));
    else if (stage !== undefined) stage.steps.push(step);
    else if (step.instruction === 'ARG') args.set(...splitOnce(step.value, '='));
    else throw new Error(`not before the first FROM: ${step.source}`);
  }
  if (stages.length === 0) throw new Error('the Dockerfile has no FROM');
  return stages;
}

/**
 * The arguments of an instruction in exec form. Shell form would put a shell in front of the process.
 */
export function execForm(value: string): string[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    throw new Error(`not in exec form: ${value}`);
  }
  if (!Array.isArray(parsed) || !parsed.every((part) => typeof part === 'string')) {
    throw new Error(`not in exec form: ${value}`);
  }
  return parsed;
}

/**
 * `A=1 B="two words"` as a list of pairs.
 */
export function assignments(value: string): [name: string, value: string][] {
  const pattern = /([A-Za-z0-9_.]+)=("[^"]*"|\S+)\s*/gy;
  const found = [...value.matchAll(pattern)];
  if (found.reduce((length, [whole]) => length + whole.length, 0) !== value.length) {
    throw new Error(`not a list of NAME=value: ${value}`);
  }
  return found.map(([, name = '', text = '']) => [name, text.replace(/^"(.*)"$/, '$1')]);
}

function stepsOf(text: string): Step[] {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(stepOf);
}

/**
 */
function stepOf(line: string): Step {
  const [, word = '', flagText = '', value = ''] =
    /^([A-Za-z]+)((?:\s+--[a-z-]+=\S+)*)\s+(.*)$/.exec(line) ?? [];
  if (word === '') throw new Error(`not understood: ${line}`);
  const flags = flagText.split(/\s+/).filter((flag) => flag !== '');
  return {
    instruction: word.toUpperCase(),
    flags: Object.fromEntries(flags.map((flag) => splitOnce(flag.slice(2), '='))),
    value: value.trim(),
    source: line,
  };
}

/**
 */
function stageOf({ value, source }: Step, index: number, args: ReadonlyMap<string, string>): Stage {
  const [, image = '', name = String(index)] = /^(\S+)(?:\s+AS\s+(\S+))?$/i.exec(value) ?? [];
  const base = image.replace(/\$\{([A-Za-z0-9_]+)\}/g, (_match, arg: string) => args.get(arg) ?? '');
  if (base === '' || base.includes('$')) throw new Error(`not understood: ${source}`);
  return { name, base, steps: [] };
}

/**
 */
function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

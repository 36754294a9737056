import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, posix, relative } from 'node:path';
import { assignments, execForm, parseDockerfile, type Step } from './dockerfile.ts';
import { parseDockerignore } from './dockerignore.ts';

const RUN_TIMEOUT_MS = 300_000;

/** A stage after its steps: its files and the metadata of its image. */
export interface Image {
  /** The official base image. */
  readonly base: string;
  /** The folder that represents `/`. */
  readonly root: string;
  readonly env: Record<string, string>;
  workdir: string;
  user: string;
  stopSignal: string;
  entrypoint: readonly string[] | undefined;
  command: readonly string[];
  healthcheck: readonly string[] | undefined;
}

/** Executes a Dockerfile, each stage in a separate folder instead of a container. */
export class ImageBuilder {
  private readonly images = new Map<string, Image>();
  private readonly isIgnored: (path: string) => boolean;
  private readonly context: string;
  private readonly scratch: string;
  private readonly env: Readonly<Record<string, string | undefined>>;

  /** `scratch`: an empty folder. `env`: the environment of the base image, such as `PATH`. */
  constructor(context: string, scratch: string, env: Readonly<Record<string, string | undefined>>) {
    this.context = context;
    this.scratch = scratch;
    this.env = env;
    this.isIgnored = parseDockerignore(readFileSync(join(context, '.dockerignore'), 'utf8'));
  }

  /** The last stage. */
  build(dockerfile: string): Image {
    const stages = parseDockerfile(readFileSync(dockerfile, 'utf8'));
    const built = stages.map(({ name, base, steps }) => {
      const image = begin(this.images.get(base), base, join(this.scratch, `stage-${name}`));
      for (const step of steps) {
        console.log(`[${name}] ${step.source.slice(0, 110)}`);
        this.take(step, image);
      }
      this.images.set(name, image);
      return image;
    });
    return built.at(-1)!;
  }

  private take(step: Step, image: Image): void {
    const { instruction, value, source } = step;
    if (['COPY', 'ENV', 'USER', 'WORKDIR'].includes(instruction) && value.includes('$')) {
      throw new Error(`variables are not understood here: ${source}`);
    }
    switch (instruction) {
      case 'COPY':
        return this.copy(step, image);
      case 'RUN':
        return this.run(step, image);
      case 'WORKDIR':
        image.workdir = posix.resolve(image.workdir, value);
        mkdirSync(join(image.root, image.workdir), { recursive: true });
        return;
      case 'ENV':
        return void Object.assign(image.env, Object.fromEntries(assignments(value)));
      case 'LABEL':
        return void assignments(value);
      case 'EXPOSE':
        return;
      default:
        configure(step, image);
    }
  }

  private copy({ flags, value, source }: Step, image: Image): void {
    const { from, ...others } = flags;
    if (Object.keys(others).length > 0) throw new Error(`a flag is not understood: ${source}`);
    const origin = from === undefined ? this.context : this.images.get(from)?.root;
    if (origin === undefined) throw new Error(`there is no stage "${from}": ${source}`);
    const isLeftOut = (file: string): boolean =>
      from === undefined && file !== this.context && this.isIgnored(relative(this.context, file));
    const paths = value.split(/\s+/);
    const destination = paths.pop()!;
    const target = join(image.root, posix.resolve(image.workdir, destination));
    if (paths.length > 1 && !destination.endsWith('/')) throw new Error(`"/" is missing: ${source}`);
    for (const path of paths) {
      const file = join(origin, path);
      if (isLeftOut(file) || !existsSync(file)) throw new Error(`"${path}" is not there: ${source}`);
      const isInFolder = !statSync(file).isDirectory() && destination.endsWith('/');
      const filter = (entry: string): boolean => !isLeftOut(entry);
      const options = { recursive: true, verbatimSymlinks: true, filter };
      cpSync(file, isInFolder ? join(target, basename(file)) : target, options);
    }
  }

  /** Runs only npm, in the stage's folder, since the command runs on this machine. */
  private run({ flags, value, source }: Step, image: Image): void {
    const { mount: _cache, ...others } = flags;
    if (Object.keys(others).length > 0) throw new Error(`a flag is not understood: ${source}`);
    if (!/^npm (ci|run)\b[A-Za-z0-9 =:_-]*$/.test(value)) throw new Error(`only npm is run here: ${source}`);
    const cwd = join(image.root, image.workdir);
    const options = { cwd, env: { ...this.env, ...image.env }, timeout: RUN_TIMEOUT_MS };
    execFileSync('/bin/sh', ['-c', value], { ...options, stdio: 'inherit' });
  }
}

function begin(parent: Image | undefined, base: string, root: string): Image {
  mkdirSync(root);
  if (parent === undefined) {
    const nothing = { entrypoint: undefined, command: [], healthcheck: undefined };
    return { base, root, env: {}, workdir: '/', user: 'root', stopSignal: 'SIGTERM', ...nothing };
  }
  cpSync(parent.root, root, { recursive: true, verbatimSymlinks: true });
  return { ...parent, root, env: { ...parent.env } };
}

function configure({ instruction, value, source }: Step, image: Image): void {
  switch (instruction) {
    case 'USER':
      image.user = value;
      break;
    case 'STOPSIGNAL':
      image.stopSignal = value;
      break;
    case 'ENTRYPOINT':
      image.entrypoint = execForm(value);
      image.command = [];
      break;
    case 'CMD':
      image.command = execForm(value);
      break;
    case 'HEALTHCHECK':
      image.healthcheck = execForm(value.replace(/^CMD\s+/, ''));
      break;
    default:
      throw new Error(`not understood: ${source}`);
  }
}

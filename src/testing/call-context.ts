import {
  type CallContext,
  type ClientSession,
  type Elicited,
  type LoggingLevel,
  type Schema,
  ToolError,
  type User,
} from '../mcp/index.js';

type Elicit = CallContext['elicit'];
type ElicitRequest = Parameters<Elicit>[0];

/** The properties of a call in a unit test; all are optional. */
export interface CallContextOptions {
  readonly user?: Partial<User>;
  readonly session?: Partial<ClientSession>;
  readonly signal?: AbortSignal;
  /** The user's answer. Without it `elicit()` rejects, as with a client that lacks the capability. */
  readonly elicit?: (request: ElicitRequest) => Elicited<unknown> | Promise<Elicited<unknown>>;
  /** The answer of the client's model. Without it `sample()` rejects. */
  readonly sample?: CallContext['sample'];
  /** The client's roots. Without them `listRoots()` rejects. */
  readonly roots?: Awaited<ReturnType<CallContext['listRoots']>>;
}

/** A context without a server, which records how the handler used it. */
export interface TestCallContext extends CallContext {
  readonly progressed: readonly {
    readonly progress: number;
    readonly total?: number;
    readonly message?: string;
  }[];
  readonly logged: readonly {
    readonly level: LoggingLevel;
    readonly data: unknown;
    readonly logger?: string;
  }[];
  readonly elicited: readonly ElicitRequest[];
  readonly hasClosedStream: boolean;
}

const USER: User = {
  subject: 'alice',
  issuer: 'test',
  clientId: 'test',
  scopes: ['mcp:access'],
  roles: [],
  claims: {},
};
const SESSION: ClientSession = {
  id: 'test',
  protocolVersion: '2025-11-25',
  client: { name: 'test', version: '1.0.0' },
  clientCapabilities: {},
};

/** A {@link CallContext} for a unit test of a tool, resource or prompt. */
export function createCallContext(options: CallContextOptions = {}): TestCallContext {
  return new RecordingContext(options);
}

class RecordingContext implements TestCallContext {
  readonly user: User;
  readonly session: ClientSession;
  readonly signal: AbortSignal;
  readonly progressed: { progress: number; total?: number; message?: string }[] = [];
  readonly logged: { level: LoggingLevel; data: unknown; logger?: string }[] = [];
  readonly elicited: ElicitRequest[] = [];
  hasClosedStream = false;
  private readonly done = new Map<string, unknown>();

  constructor(private readonly options: CallContextOptions) {
    const { user, session, signal = new AbortController().signal } = options;
    this.user = { ...USER, ...user };
    this.session = { ...SESSION, ...session };
    this.signal = signal;
  }

  progress(progress: number, detail: { readonly total?: number; readonly message?: string } = {}): void {
    this.progressed.push({ progress, ...detail });
  }

  log(level: LoggingLevel, data: unknown, logger?: string): void {
    this.logged.push({ level, data, ...(logger === undefined ? {} : { logger }) });
  }

  readonly elicit = (async (request: ElicitRequest) => {
    this.signal.throwIfAborted();
    this.elicited.push(request);
    if (this.options.elicit === undefined) throw new ToolError('The client cannot ask its user');
    const answer = await this.options.elicit(request);
    if (answer.action !== 'accept' || !('schema' in request)) return answer;
    return { action: answer.action, content: await validated(request.schema as Schema, answer.content) };
  }) as Elicit;

  async sample(request: Parameters<CallContext['sample']>[0]): ReturnType<CallContext['sample']> {
    if (this.options.sample === undefined) throw new ToolError('The client cannot sample');
    return this.options.sample(request);
  }

  async listRoots(): ReturnType<CallContext['listRoots']> {
    if (this.options.roots === undefined) throw new ToolError('The client has no roots');
    return Promise.resolve(this.options.roots);
  }

  async once<T>(key: string, step: () => T | Promise<T>): Promise<T> {
    if (!this.done.has(key)) this.done.set(key, await step());
    return this.done.get(key) as T;
  }

  closeStream(): void {
    this.hasClosedStream = true;
  }
}

async function validated(schema: Schema, content: unknown): Promise<unknown> {
  const { issues, ...result } = await schema['~standard'].validate(content);
  if (issues !== undefined) throw new ToolError('The answer does not fit the schema');
  return (result as { readonly value: unknown }).value;
}

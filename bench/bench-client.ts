/** A client of the generator. It checks every reply. */
export interface BenchClient {
  /** One echo call with a message of about 150 bytes. Rejects unless the reply is exactly the expected one. */
  echo(): Promise<void>;
  /** One `tools/list`. Rejects unless it names `tools` tools. */
  list(tools: number): Promise<void>;
  /** Throws if the server has already closed the connection. */
  close(): void;
}

export interface Reply {
  readonly id: number;
  readonly result?: {
    readonly content?: readonly { readonly text?: string }[];
    readonly isError?: boolean;
    readonly tools?: readonly unknown[];
    readonly serverInfo?: object;
  };
}

const PADDING = 'x'.repeat(128);

export function echoMessage(mark: string): string {
  return `${mark} ${PADDING}`;
}

export function assertEchoed({ result }: Reply, message: string): void {
  const right = result?.content?.length === 1 && result.content[0]!.text === `Echo: ${message}`;
  if (!right || result.isError === true) throw new Error('A wrong reply to echo');
}

export function assertListed({ result }: Reply, tools: number): void {
  if (result?.tools?.length !== tools) throw new Error('A wrong reply to tools/list');
}

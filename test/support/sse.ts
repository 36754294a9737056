/** An event of a stream, or a comment. */
export interface StreamEvent {
  readonly id: string | undefined;
  /** Empty if the event has none. */
  readonly event: string;
  readonly data: string;
  /** The whole text of a comment. */
  readonly comment: string | undefined;
}

/** Reads a stream of server-sent events, which arrives in pieces. */
export class EventReader {
  private rest = '';

  /** The events that end in this piece. */
  read(piece: string): StreamEvent[] {
    const blocks = (this.rest + piece).split('\n\n');
    this.rest = blocks.pop()!;
    return blocks.map((block) => ({
      id: field(block, 'id'),
      event: field(block, 'event') ?? '',
      data: field(block, 'data') ?? '',
      comment: block.startsWith(':') ? block : undefined,
    }));
  }
}

function field(block: string, name: string): string | undefined {
  // Not by a regular expression: U+2028 would end a line for it.
  const line = block.split('\n').find((candidate) => candidate.startsWith(`${name}:`));
  return line?.slice(name.length + 1).replace(/^ /, '');
}

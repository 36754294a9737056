/** One red pixel: a PNG, base64. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

/** A millisecond of silence: a WAV, base64. */
export const WAV = 'UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgICAgICAgA==';

/** An answer to an elicitation as readable text. */
export function describeAnswer(answer: { readonly action: string; readonly content?: unknown }): string {
  const { action, content } = answer;
  return content === undefined ? `action=${action}` : `action=${action}, content=${JSON.stringify(content)}`;
}

/** The text blocks in a model's content. */
export function textOf(content: unknown): string {
  const blocks = (Array.isArray(content) ? content : [content]) as { type: string; text?: string }[];
  return blocks.flatMap(({ text }) => text ?? []).join('\n');
}

import { Injectable } from '@nestjs/common';
import type { RegisteredTool } from './registered-tool.js';
import { ToolWiringError } from './tool-wiring.error.js';

/** More than any sensible number of distinct views of the catalogue; beyond it they are made anew. */
const MAX_LISTS = 256;

/**
 * Holds the tools of this process. Names reach a tool through a `Map`, so that `__proto__` is an unknown
 * tool like any other. What a caller may not use does not exist for it: it is in no list and not found.
 */
@Injectable()
export class ToolRegistry {
  private readonly tools = new Map<string, RegisteredTool>();
  /** The scopes that make a difference to anybody's list. */
  private readonly gates = new Set<string>();
  /** `tools/list` results as JSON text, by the gates that the caller passes. */
  private readonly lists = new Map<string, string>();

  get size(): number {
    return this.tools.size;
  }

  /** Throws {@link ToolWiringError} when the name is taken. */
  add(tool: RegisteredTool): void {
    const taken = this.tools.get(tool.name);
    if (taken !== undefined) throw nameTaken(tool, taken);
    this.tools.set(tool.name, tool);
    for (const scope of tool.scopes) this.gates.add(scope);
    this.lists.clear();
  }

  /** The tool, if there is one of exactly this name that a caller with these scopes may use. */
  find(name: string, scopes: readonly string[]): RegisteredTool | undefined {
    const tool = this.tools.get(name);
    return tool !== undefined && mayUse(tool, scopes) ? tool : undefined;
  }

  /** The result of `tools/list` for a caller with these scopes, as JSON text that is made once. */
  listResult(scopes: readonly string[]): string {
    const passed =
      this.gates.size === 0
        ? ''
        : scopes
            .filter((scope) => this.gates.has(scope))
            .toSorted()
            .join(' ');
    let text = this.lists.get(passed);
    if (text === undefined) {
      const visible = [...this.tools.values()].filter((tool) => mayUse(tool, scopes));
      text = JSON.stringify({ tools: visible.map((tool) => tool.definition) });
      if (this.lists.size >= MAX_LISTS) this.lists.clear();
      this.lists.set(passed, text);
    }
    return text;
  }
}

function mayUse(tool: RegisteredTool, scopes: readonly string[]): boolean {
  return tool.scopes.every((scope) => scopes.includes(scope));
}

function nameTaken(tool: RegisteredTool, taken: RegisteredTool): ToolWiringError {
  const [className, takenBy] = [tool.instance.constructor.name, taken.instance.constructor.name];
  const mend =
    className === takenBy
      ? 'list the class in the providers of one module only'
      : `the name is taken by ${takenBy}; give one of them another`;
  return new ToolWiringError(className, `the tool "${tool.name}" is registered twice: ${mend}`);
}

import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type CallContext, type McpTool, Tool } from '../../src/mcp/index.js';

const person = z.object({
  name: z.string().min(2).describe('What to call you'),
  loud: z.boolean().default(false),
});

@Tool({ name: 'greet', description: 'Asks for a name.' })
class GreetTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const answer = await context.elicit({ key: 'person', message: 'What is your name?', schema: person });
    if (answer.action !== 'accept') return `no user: ${answer.action}`;
    const { name, loud } = answer.content;
    return `Hello, ${loud ? name.toUpperCase() : name}!`;
  }
}

@Tool({ name: 'ask-model', description: 'Asks the client’s model.' })
class AskModelTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const { content } = await context.sample({
      messages: [{ role: 'user', content: { type: 'text', text: 'What is the capital of France?' } }],
      maxTokens: 100,
    });
    return `The model says ${JSON.stringify(content)}`;
  }
}

@Tool({ name: 'all-at-once', description: 'Asks three things in one turn.' })
class AllAtOnceTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const [who, model, roots] = await Promise.all([
      context.elicit({ key: 'who', message: 'Who?', schema: z.object({ name: z.string() }) }),
      // Asked a little later in the same turn.
      Promise.resolve().then(() =>
        context.sample({
          messages: [{ role: 'user', content: { type: 'text', text: 'Greet' } }],
          maxTokens: 50,
        }),
      ),
      context.listRoots({ key: 'folders' }),
    ]);
    return `${who.content?.name} ${JSON.stringify(model.content)} ${roots.map(({ uri }) => uri).join()}`;
  }
}

@Tool({ name: 'visit', description: 'Sends the user somewhere.' })
class VisitTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const { action } = await context.elicit({ message: 'Log in', url: 'https://example.com/login' });
    return `visit: ${action}`;
  }
}

const order = z.object({ item: z.string() });

const UNTOUCHED = { runs: 0, reserved: 0, charged: 0, cleaned: 0, refunded: 0, aborted: 0 };
/** Counts the side effects of the order tool. */
export const WORLD = { ...UNTOUCHED };
/** Before each test. */
export const resetWorld = (): void => void Object.assign(WORLD, UNTOUCHED);

/** Two questions, with steps before, between and after them. */
@Tool({ name: 'order', description: 'Orders an item.', input: order })
class OrderTool implements McpTool<typeof order> {
  async execute({ item }: z.infer<typeof order>, context: CallContext): Promise<string> {
    WORLD.runs += 1;
    try {
      const number = await context.once('reserve', async () => {
        await sleep(1);
        WORLD.reserved += 1;
        return `${item}-${WORLD.reserved}`;
      });
      const confirmed = await context.elicit({ message: `Order ${number}?`, schema: z.object({}) });
      if (confirmed.action !== 'accept') return `not ordered: ${confirmed.action}`;
      const again = await context.once('reserve', () => 'never');
      const [paid, note] = await Promise.all([
        context.once('charge', async () => {
          // Still running when the handler is interrupted.
          await sleep(50);
          WORLD.charged += 1;
          return { cents: 100 };
        }),
        context.elicit({ message: 'A note?', schema: z.object({ note: z.string() }) }),
      ]);
      return `${number} ${again} ${paid.cents} ${note.content?.note}`;
    } finally {
      WORLD.cleaned += 1;
    }
  }
}

@Tool({ name: 'stubborn', description: 'Catches each error.' })
class StubbornTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    context.signal.addEventListener('abort', () => (WORLD.aborted += 1));
    try {
      const { action } = await context.elicit({ message: 'Sure?', schema: z.object({}) });
      return `sure: ${action}`;
    } catch {
      await context.once('refund', () => (WORLD.refunded += 1)).catch(() => undefined);
      await context.elicit({ message: 'Instead?', schema: z.object({}) }).catch(() => undefined);
      return 'I did not ask';
    }
  }
}

@Tool({ name: 'absent-minded', description: 'Asks, does something else, and then waits for the answer.' })
class AbsentMindedTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const asked = context.elicit({ message: 'Well?', schema: z.object({}) });
    await sleep(20);
    return (await asked).action;
  }
}

@Tool({ name: 'never-mind', description: 'Asks, and does not wait for the answer.' })
class NeverMindTool implements McpTool {
  execute(_input: unknown, context: CallContext): string {
    void context.elicit({ message: 'Well?', schema: z.object({}) });
    return 'done';
  }
}

const price = z.object({ cents: z.int() });

/** State that a test may change between two rounds of a call. */
export const MARKET = { cents: 10 };

@Tool({ name: 'buy', description: 'Asks whether the price of the moment is right.', input: price })
class BuyTool implements McpTool<typeof price> {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    const { cents } = MARKET;
    const { action } = await context.elicit({
      key: 'confirm',
      message: `Buy for ${cents}?`,
      schema: z.object({}),
    });
    return `${action} ${cents}`;
  }
}

const amount = z.object({ kib: z.int() });

@Tool({ name: 'hoard', description: 'Keeps much.', input: amount })
class HoardTool implements McpTool<typeof amount> {
  async execute({ kib }: z.infer<typeof amount>, context: CallContext): Promise<string> {
    await context.once('much', () => 'x'.repeat(kib * 1024));
    const { action } = await context.elicit({ message: 'Well?', schema: z.object({}) });
    return action;
  }
}

@Tool({
  name: 'dawdle',
  description: 'Takes most of its time before it asks, and as much after.',
  timeoutMs: 200,
})
class DawdlingTool implements McpTool {
  async execute(_input: unknown, context: CallContext): Promise<string> {
    await sleep(150);
    await context.elicit({ message: 'Well?', schema: z.object({}) });
    await sleep(150);
    return 'done';
  }
}

/** Tools that ask their client. */
export const ASKING = [
  GreetTool,
  AskModelTool,
  AllAtOnceTool,
  VisitTool,
  OrderTool,
  StubbornTool,
  AbsentMindedTool,
  NeverMindTool,
  BuyTool,
  HoardTool,
  DawdlingTool,
];

import { randomUUID } from 'node:crypto';
import { encodeNotification, encodeRequest, isObject, type Params, shortened } from '../messages/json-rpc.js';
import { missingCapability, nameOfCapability } from './client-capability.js';
import type { AskingCall, ClientInput, InputRequest } from './client.input.js';
import { samplingFor } from '../messages/older-content.js';
import { OnceSteps } from './once.steps.js';
import { ToolError } from '../decorators/tool.error.js';

/** Maximum characters of a client's error message that are passed on. */
const MAX_REASON = 500;

/**
 * Sends a request to the client on the reply's stream: revisions up to 2025-11-25. Only answers in the call's own
 * session are accepted.
 */
export class ServerRequestInput implements ClientInput {
  private readonly steps = new OnceSteps();
  private readonly waiting = new Set<(reason: Error) => void>();

  constructor(
    private readonly call: AskingCall,
    private readonly timeoutMs: number,
    private readonly newRequestId: () => string,
  ) {}

  async ask(question: InputRequest): Promise<unknown> {
    const missing = missingCapability(question, this.call.session.clientCapabilities);
    if (missing !== undefined) {
      throw new ToolError(`This client cannot be asked: it does not declare ${nameOfCapability(missing)}`);
    }
    if (!this.call.reachesClient) {
      throw new ToolError(
        'This client cannot be asked: it accepts no event stream for this call, and has no stream open',
      );
    }
    return this.call.pausing(this.answerTo(question));
  }

  once<T>(key: string, step: () => T | Promise<T>): Promise<T> {
    return this.steps.run(key, step);
  }

  cancel(reason: Error): void {
    for (const cancel of this.waiting) cancel(reason);
  }

  /** In the form of the client's revision. */
  private paramsFor(method: InputRequest['method'], params: Params): Params {
    return method === 'sampling/createMessage'
      ? samplingFor(this.call.session.protocolVersion, params)
      : asInSessions(params);
  }

  private answerTo({ method, params }: InputRequest): Promise<unknown> {
    const { inputRequests: questions } = this.call.session;
    const id = this.newRequestId();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        clearTimeout(timer);
        questions.delete(id);
        this.waiting.delete(cancel);
      };
      const cancel = (reason: Error): void => {
        settle();
        this.call.send(
          encodeNotification('notifications/cancelled', { requestId: id, reason: reason.message }),
        );
        reject(reason);
      };
      const timer = setTimeout(() => {
        cancel(new ToolError(`The client did not answer ${method} in time`));
      }, this.timeoutMs);
      this.waiting.add(cancel);
      questions.set(id, {
        answer: (response) => {
          settle();
          if ('error' in response) reject(refusal(method, response.error));
          else resolve(response.result);
        },
      });
      this.call.send(encodeRequest(id, method, this.paramsFor(method, params)));
    });
  }
}

/** Older clients do not know `mode` for a form; newer clients need no id for a URL. */
function asInSessions({ mode, ...params }: Params): Params {
  return mode === 'url' ? { mode, ...params, elicitationId: randomUUID() } : params;
}

function refusal(method: string, error: unknown): ToolError {
  const message = isObject(error) ? error['message'] : undefined;
  const reason = typeof message === 'string' && message !== '' ? `: ${shortened(message, MAX_REASON)}` : '';
  return new ToolError(`The client answered ${method} with an error${reason}`);
}

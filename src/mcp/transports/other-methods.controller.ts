import { All, Controller, Res, UseFilters } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { ALLOWED, refuseMethod } from './protocol-request.js';
import { RefusalFilter } from './refusal.filter.js';

/** Responds 405 to unsupported methods of the protocol's endpoints: a 404 would suggest a wrong URL. */
@Controller()
@UseFilters(RefusalFilter)
export class OtherMethodsController {
  @All('mcp')
  mcp(@Res() response: ServerResponse): never {
    return refuseMethod(response, ALLOWED.mcp);
  }

  @All('message')
  message(@Res() response: ServerResponse): never {
    return refuseMethod(response, ALLOWED.message);
  }

  @All('sse')
  sse(@Res() response: ServerResponse): never {
    return refuseMethod(response, ALLOWED.sse);
  }
}

import { All, Controller, MethodNotAllowedException, Res, UseFilters } from '@nestjs/common';
import type { ServerResponse } from 'node:http';
import { RefusalFilter } from './refusal.filter.js';

/** What an address of the protocol does not take, so that nobody looks for a mistake in the address. RFC 9110, 15.5.6. */
@Controller()
@UseFilters(RefusalFilter)
export class OtherMethodsController {
  @All('mcp')
  mcp(@Res() response: ServerResponse): never {
    return refuse(response, 'POST, GET, DELETE');
  }

  @All('message')
  message(@Res() response: ServerResponse): never {
    return refuse(response, 'POST');
  }

  @All('sse')
  sse(@Res() response: ServerResponse): never {
    return refuse(response, 'GET');
  }
}

function refuse(response: ServerResponse, allowed: string): never {
  response.setHeader('Allow', allowed);
  throw new MethodNotAllowedException(`This address takes ${allowed} alone`);
}

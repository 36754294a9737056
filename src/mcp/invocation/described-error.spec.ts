import { ForbiddenException, HttpException, ImATeapotException } from '@nestjs/common';
import { describedError } from './described-error.js';
import { ToolError } from '../decorators/tool.error.js';

it.each([
  ['a ToolError', new ToolError('try again'), { outcome: 'tool_error', text: 'try again' }],
  ['what the client did wrong', new ImATeapotException('no'), { outcome: 'tool_error', text: 'no' }],
  ['a denial', new ForbiddenException('not you'), { outcome: 'refused', text: 'not you' }],
  ['the least of 4xx', new HttpException('bad', 400), { outcome: 'tool_error', text: 'bad' }],
  ['the last of 4xx', new HttpException('odd', 499), { outcome: 'tool_error', text: 'odd' }],
  ['a redirect', new HttpException('elsewhere', 399), undefined],
  ['what the server did wrong', new HttpException('inside', 500), undefined],
  ['any other error', new Error('inside'), undefined],
  ['a text', 'inside', undefined],
])('of %s the caller gets the part meant for it', (_what, error, told) => {
  expect(describedError(error)).toEqual(told);
});

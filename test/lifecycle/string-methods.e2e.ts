import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { startApp } from '../support/test-app.js';

setFlagsFromString('--allow-natives-syntax');
/** Whether V8 finds the methods of strings by their place, and not in a dictionary. */
const isFast = (): unknown => runInThisContext('%HasFastProperties(String.prototype)');

it('the start makes the methods of strings fast again after a package has extended String', async () => {
  // Such as `VerbatimString` of ioredis.
  class Text extends String {}
  expect(new Text('a')).toHaveLength(1);
  expect(isFast()).toBe(false);
  await startApp();
  expect(isFast()).toBe(true);
});

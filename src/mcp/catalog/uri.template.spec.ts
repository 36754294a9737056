import { isUri } from './uri-template.parser.js';
import { UriTemplate } from './uri.template.js';

const match = (template: string, uri: string): unknown => new UriTemplate(template).match(uri);

describe('UriTemplate', () => {
  it.each([
    ['user://{id}', 'user://7', { id: '7' }],
    ['user://{id}/profile', 'user://jane%20doe/profile', { id: 'jane doe' }],
    ['user://{id}', 'user://a%2Fb%3Fc', { id: 'a/b?c' }],
    ['user://{id}', 'user://100%2525', { id: '100%25' }],
    ['user://{id}', 'user://%E2%82%AC', { id: '€' }],
    ['user://{id}', "user://it's!(*)@x:y;z,w=", { id: "it's!(*)@x:y;z,w=" }],
    ['user://{id}', 'user://São Paulo', { id: 'São Paulo' }],
    ['map://{x,y}', 'map://1,2', { x: '1', y: '2' }],
    ['urn:isbn:{number}', 'urn:isbn:978-3', { number: '978-3' }],
    ['file:///{+path}', 'file:///a/b%20c.txt', { path: 'a/b c.txt' }],
    ['file:///{+path}/{name}', 'file:///a/b/c', { path: 'a/b', name: 'c' }],
    ['doc://{name}{.ext}', 'doc://readme.md', { name: 'readme', ext: 'md' }],
    ['doc://{name}{.major,minor}', 'doc://a.1.2', { name: 'a', major: '1', minor: '2' }],
    ['db://{table}{/row,column}', 'db://users/7/name', { table: 'users', row: '7', column: 'name' }],
    ['db://{table}{;row}', 'db://users;row=7', { table: 'users', row: '7' }],
    ['page://{id}{#part}', 'page://7#top/1', { id: '7', part: 'top/1' }],
    ['log://{a}-{b}', 'log://x-y-z', { a: 'x-y', b: 'z' }],
    ['s://find{?q,limit}', 's://find', {}],
    ['s://find{?q,limit}', 's://find?q=a%26b', { q: 'a&b' }],
    ['s://find{?q,limit}', 's://find?limit=3&q=', { q: '', limit: '3' }],
    ['s://find?kind=x&y=1{&q}', 's://find?kind=x&y=1&q=2', { q: '2' }],
    ['s://find?kind=x{&q}', 's://find?kind=x', {}],
    ['x://{__proto__}', 'x://1', JSON.parse('{"__proto__":"1"}')],
  ])('%s has %s', (template, uri, variables) => {
    expect(match(template, uri)).toEqual(variables);
  });

  it.each([
    ['user://{id}', 'user://'],
    ['user://{id}', 'user://a/b'],
    ['user://{id}', 'user://a?b'],
    ['user://{id}', 'user://a#b'],
    ['user://{id}', 'User://a'],
    ['user://{id}', ' user://a'],
    ['user://{id}', 'user://a\n'],
    ['user://{id}', 'user://%'],
    ['user://{id}', 'user://%zz'],
    ['user://{id}', 'user://%ff'],
    ['user://{id}/profile', 'user://a/profile/'],
    ['user://{id}/profile', 'user://a/profil'],
    ['map://{x,y}', 'map://1'],
    ['map://{x,y}', 'map://1,2,3'],
    ['db://{table}{;row}', 'db://users;column=7'],
    ['s://find{?q}', 's://find?'],
    ['s://find{?q}', 's://find?q'],
    ['s://find{?q}', 's://find?q=1&q=2'],
    ['s://find{?q}', 's://find?q=1&r=2'],
    ['s://find{?q}', 's://find?q=1#x'],
    ['s://find{?q}', 's://find?toString=1'],
    ['s://find?kind=x{&q}', 's://find?q=1'],
  ])('%s does not have %s', (template, uri) => {
    expect(match(template, uri)).toBeUndefined();
  });

  it.each([
    ['file:///{+path}', 'file:///../etc/passwd'],
    ['file:///{+path}', 'file:///a/..'],
    ['file:///{+path}', 'file:///a/%2e%2e/b'],
    ['file:///{name}', 'file:///..'],
    ['file:///{name}', 'file:///..%2f..%2fetc'],
    ['file:///{name}', 'file:///a%5c..%5cb'],
    ['file:///{name}', 'file:///a%00.txt'],
    ['s://find{?q}', 's://find?q=../x'],
  ])('%s refuses the path step %s', (template, uri) => {
    expect(match(template, uri)).toBeUndefined();
  });

  it('accepts dots that are no path step', () => {
    expect(match('file:///{+path}', 'file:///a/..b/c../...')).toEqual({ path: 'a/..b/c../...' });
  });

  it('decodes once', () => {
    expect(match('file:///{name}', 'file:///%252e%252e%252f')).toEqual({ name: '%2e%2e%2f' });
  });

  it('names its variables and the text before the first', () => {
    const template = new UriTemplate('db://{table}{/row,column}{?limit}');
    expect(template.variables).toEqual(['table', 'row', 'column', 'limit']);
    expect(template.prefix).toBe('db://');
  });

  /** Each keeps a backtracking matcher busy for seconds or longer. */
  it.each([
    ['x://{a}-{b}-{c}-{d}/end', `x://${'-'.repeat(100_000)}/`],
    ['x://{a}{b}{c}{d}{e}/end', `x://${'a'.repeat(100_000)}`],
    ['x://{+a}/{+b}/{+c}/{+d}!', `x://${'/'.repeat(100_000)}`],
    ['x://{a,b,c,d,e}!', `x://${','.repeat(100_000)}`],
    ['x://{+a,b,c,d,e}!', `x://${'a,'.repeat(50_000)}`],
    ['x://{a}{.b,c,d,e}!', `x://${'.a'.repeat(50_000)}`],
    ['x://{a}{/b,c,d,e}', `x://${'/a'.repeat(50_000)}`],
    ['x://a{?b,c}', `x://a?${'b=&'.repeat(30_000)}`],
    ['x://a?b=1{&c}', `x://a?${'&'.repeat(100_000)}`],
    ['x://{a}', `x://${'%25'.repeat(30_000)}%`],
    ['x://{a}', `x://${'../'.repeat(30_000)}`],
    ['x://{+a}', `x://${'/..'.repeat(30_000)}`],
  ])('%s terminates on a long hostile URI', (template, uri) => {
    expect(match(template, uri)).toBeUndefined();
  });

  it.each([
    ['x://{id', 'a brace is not closed or not opened'],
    ['x://id}', 'a brace is not closed or not opened'],
    ['x://{{id}}', 'a brace is not closed or not opened'],
    ['x://{}', '{} needs names of letters, digits, "_" and "."'],
    ['x://{a b}', '{a b} needs names of letters, digits, "_" and "."'],
    ['x://{a,}', '{a,} needs names of letters, digits, "_" and "."'],
    ['x://{!a}', '{!a} needs names of letters, digits, "_" and "."'],
    ['x://{a*}', '{a*} is of level 4; leave "*" and ":" out'],
    ['x://{a:3}', '{a:3} is of level 4; leave "*" and ":" out'],
    ['x://{a}/{a}', 'the variable "a" occurs twice'],
    ['x://{a}{?a}', 'the variable "a" occurs twice'],
    ['x://{a}{?b}/c', 'nothing may follow {?…} or {&…}'],
    ['x://a?b=1{?c}', 'it has a "?" already; use {&…}'],
    ['x://a{&c}', 'it has no "?" yet; use {?…}'],
    ['x://a', 'it has no variable; give it as "uri" instead'],
    ['users/{id}', 'begin it with a scheme, as in "user://{id}"'],
    ['{scheme}://a', 'begin it with a scheme, as in "user://{id}"'],
    ['x://a b/{id}', 'percent-encode the characters that a URI cannot have in "x://a b/"'],
    ['x://%zz/{id}', 'percent-encode the characters that a URI cannot have in "x://%zz/"'],
  ])('refuses %s', (template, problem) => {
    expect(() => new UriTemplate(template)).toThrow(new SyntaxError(problem));
  });
});

describe('isUri', () => {
  it.each(['config://app', 'urn:isbn:1', 'https://example.com/a?b#c', 'file:///a%20b', 'x+y.z-1:q'])(
    'takes %s',
    (uri) => expect(isUri(uri)).toBe(true),
  );

  it.each([
    '',
    'app',
    '/app',
    '//app',
    '1x://a',
    'config://a b',
    'config://ä',
    'x://%',
    'x://{id}',
    'http://[',
  ])('refuses %j', (uri) => expect(isUri(uri)).toBe(false));
});

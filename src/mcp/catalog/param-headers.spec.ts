import { paramHeadersOf } from './param-headers.js';

const marked = (name: unknown, type = 'string') => ({ type, 'x-mcp-header': name });
const object = (properties: Record<string, unknown>) => ({ type: 'object', properties });

it('finds the marks of an object’s properties, also of nested ones', () => {
  const schema = object({
    Region: marked('Region'),
    at: object({ zone: marked('Zone', 'integer') }),
    other: {},
  });
  expect(paramHeadersOf(schema, 'C')).toEqual([
    { header: 'mcp-param-region', path: ['Region'] },
    { header: 'mcp-param-zone', path: ['at', 'zone'] },
  ]);
});

it.each([
  ['is given twice', object({ a: marked('Same'), b: marked('same') })],
  ['must be a header name', object({ a: marked('no good') })],
  ['must be a header name', object({ a: marked(5) })],
  ['is for strings, integers and booleans', object({ a: marked('A', 'number') })],
  ['is at a place that clients do not read', object({ a: { type: 'array', items: marked('A') } })],
  ['is at a place that clients do not read', object({ a: { anyOf: [marked('A')] } })],
])('a mark that clients would refuse is refused: it %s', (problem, schema) => {
  expect(() => paramHeadersOf(schema, 'OrderTool')).toThrow(
    `Class OrderTool: x-mcp-header in its input schema ${problem}`,
  );
});

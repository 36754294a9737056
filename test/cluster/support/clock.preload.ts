/**
 * Loaded by `node --import` ahead of a built node: its clock differs by the milliseconds that `CLOCKS` has for its name,
 * as JSON. Durations are measured as before.
 */
const shifts = JSON.parse(process.env['CLOCKS'] ?? '{}') as Record<string, number>;
const shift = shifts[process.env['NODE_NAME'] ?? ''] ?? 0;

const { now } = Date;
const shifted = (): number => now() + shift;
globalThis.Date = new Proxy(Date, {
  construct: (type, args: [], self) =>
    Reflect.construct(type, args.length === 0 ? [shifted()] : args, self) as Date,
  get: (type, name) => (name === 'now' ? shifted : (Reflect.get(type, name) as unknown)),
});

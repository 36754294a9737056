import { Audit } from '../decorators/audit.decorator.js';
import { auditPolicyOf, EVERY_CALL } from './audit.policy.js';
import { WiringError } from '../decorators/wiring.error.js';

class Bare {
  execute(): string {
    return '';
  }
}

const policyWith = (options: unknown) => {
  class SomeTool extends Bare {}
  Audit(options as false)(SomeTool);
  return auditPolicyOf(SomeTool, 'SomeTool');
};

describe('auditPolicyOf', () => {
  it('records every call of a class without @Audit', () =>
    expect(auditPolicyOf(Bare, 'Bare')).toBe(EVERY_CALL));

  it('reads paths', () =>
    expect(policyWith({ redact: ['password', 'card.number'], include: ['id'] })).toEqual({
      isRecorded: true,
      redact: [['password'], ['card', 'number']],
      include: [['id']],
    }));

  it('reads false', () => expect(policyWith(false).isRecorded).toBe(false));

  it('applies to a subclass too', () => {
    @Audit(false)
    class Base extends Bare {}
    class Derived extends Base {}
    expect(auditPolicyOf(Derived, 'Derived').isRecorded).toBe(false);
  });

  it.each([
    [true],
    [null],
    ['password'],
    [{ redact: 'password' }],
    [{ redact: [5] }],
    [{ include: [''] }],
    [{ include: ['a..b'] }],
    [{ redacted: ['a'] }],
    [{ include: Array.from({ length: 33 }, (_, at) => `a${at}`) }],
  ])('refuses %j', (options) => {
    expect(() => policyWith(options)).toThrow(WiringError);
    expect(() => policyWith(options)).toThrow(/^Class SomeTool: .*@Audit/);
  });
});

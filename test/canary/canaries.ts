/** Signs the tokens of the test application. */
export const SECRET = 'a-secret-for-tests-only-0123456789abcdef';
/** Signs those of servers that run as in production. Nothing in it is used anywhere but in tests. */
export const PRODUCTION_SECRET = 'k7Qm2xV9sLr4TnBw8YzEa1Hd6FpJc3Ug';
/** Of the client of the tests' identity provider. */
export const CLIENT_SECRET = 'the-secret-of-the-robot';
/** Stands in every forged token, and must stand in no answer. */
export const CANARY = 'canary-93c1f0';
/** Stands in every call of the harness. */
export const ARGUMENT_CANARY = 'canary-argument-7d41e8';

/** What must be nowhere in what the servers of a test run write or answer in an error. */
export const CANARIES: Readonly<Record<string, string>> = {
  'the secret of the test application': SECRET,
  'the secret of production': PRODUCTION_SECRET,
  'the secret of a client': CLIENT_SECRET,
  'the canary of tokens': CANARY,
  'the canary of arguments': ARGUMENT_CANARY,
};

/** The parameters of a request, with the canary among the arguments of a call. */
export function withCanary(
  method: string,
  params: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { arguments: args = {} } = params;
  if (method !== 'tools/call' || typeof args !== 'object' || args === null || Array.isArray(args))
    return params;
  return { ...params, arguments: { canary: ARGUMENT_CANARY, ...args } };
}

/** Seconds since the epoch, as in a JWT. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/**
 * The time, in seconds, from which a token with this `exp` is refused; a deny list entry may be dropped from then on.
 * `toleranceSeconds`: of the token's issuer.
 */
export const refusedFrom = (exp: number, toleranceSeconds: number): number =>
  Math.ceil(exp + toleranceSeconds);

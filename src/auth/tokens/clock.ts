/** Whole seconds since the epoch, as a JWT counts them. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/**
 * The moment from which a token that ends at `exp` is refused: an entry of the deny list may be forgotten
 * then, and not before. `toleranceSeconds` is that of the token's issuer.
 */
export const refusedFrom = (exp: number, toleranceSeconds: number): number =>
  Math.ceil(exp + toleranceSeconds);

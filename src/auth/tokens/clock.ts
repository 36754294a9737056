/** How far an issuer's clock may be from ours. */
export const CLOCK_TOLERANCE_SECONDS = 5;

/** Whole seconds since the epoch, as a JWT counts them. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/**
 * The moment from which a token that ends at `exp` is refused: an entry of the deny list may be forgotten
 * then, and not before.
 */
export const refusedFrom = (exp: number): number => Math.ceil(exp) + CLOCK_TOLERANCE_SECONDS;

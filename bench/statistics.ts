/** The summary of a row of measurements. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function summarise(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}

/** The summary of `values[i] / base[i]`: a disturbance of a round affects both sides of its ratio. */
export function ratio(values: readonly number[], base: readonly number[]): Summary {
  return summarise(values.map((value, index) => value / base[index]!));
}

/**
 * Measures each contender once a round, in an order that rotates from round to round. The result has one row of values
 * for each contender.
 */
export async function inRounds<Contender, Value>(
  rounds: number,
  contenders: readonly Contender[],
  measure: (contender: Contender) => Promise<Value>,
): Promise<Value[][]> {
  const rows = contenders.map((): Value[] => []);
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [...contenders.keys()] : [...contenders.keys()].toReversed();
    for (const index of order) rows[index]!.push(await measure(contenders[index]!));
  }
  return rows;
}

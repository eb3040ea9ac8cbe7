// Waiting for a condition with a deadline: the only way anything in the tests waits.

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Asks `condition` again and again until it gives something truthy, and returns that.
 * What it throws counts as "not yet" and is told when the deadline (seconds) has passed.
 */
export async function until(condition, { deadline = 30, what = 'the condition', every = 0.05 } = {}) {
  const end = Date.now() + deadline * 1000;
  let last;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() >= end) {
      throw new Error(`${what}: not within ${deadline} s${last ? ` (${last.message}${last.cause?.code ? `: ${last.cause.code}` : ''})` : ''}`, { cause: last });
    }
    await sleep(every * 1000);
  }
}

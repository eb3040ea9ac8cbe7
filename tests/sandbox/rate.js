// Requests in a window of time (a minute) for one caller (a consumer key, a bearer): a sliding window of time stamps.

const CALLERS = 1000;

export class Rate {
  constructor() {
    this.callers = new Map();
  }

  // True when this call is one too many. Refused calls do not count, as a budget of answers served.
  exceeded(caller, { rate_limit: limit, rate_window: seconds }) {
    if (!limit) return false;
    const now = performance.now();
    const recent = (this.callers.get(caller) ?? []).filter((at) => at > now - seconds * 1000);
    if (recent.length < limit) recent.push(now);
    else return true;
    if (this.callers.size >= CALLERS && !this.callers.has(caller)) this.callers.clear();
    this.callers.set(caller, recent);
    return false;
  }
}

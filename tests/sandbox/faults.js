// Faults to order: each names a call by method and path and says how it goes wrong, after `skip` good ones and for
// `times` of them. Kinds that pretend the call failed do not execute it; "drop-reply" and "slow" do, because the
// dangerous failures are the ones where the work was done; "execute" chooses otherwise. "late" fails at once and is
// executed all the same, when the caller may have done something else about it.

const KINDS = { 'drop-reply': true, slow: true, late: false, reset: false, status: false, html: false, empty: false, huge: false, lie: false };
const LIMIT = 1000;

const isCount = (value) => Number.isInteger(value) && value >= 0 && value <= 1e9;

// "*" is one path segment, or all the rest when it stands at the end.
function pathPattern(path) {
  const escaped = path.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp('^' + escaped.join('[^/]+').replace(/\[\^\/\]\+$/, '.+') + '$');
}

function problem(fault) {
  if (fault === null || typeof fault !== 'object') return 'a fault is a JSON object';
  if (!Object.hasOwn(KINDS, fault.kind)) return `kind is one of ${Object.keys(KINDS).join(' ')}`;
  if (typeof fault.path !== 'string' || !fault.path.startsWith('/') || fault.path.length > 500) return 'path is missing';
  if (fault.method !== undefined && typeof fault.method !== 'string') return 'method is a string';
  if (fault.status !== undefined && !(Number.isInteger(fault.status) && fault.status >= 200 && fault.status <= 599)) return 'status is 200 to 599';
  if (!isCount(fault.skip ?? 0) || !isCount(fault.times ?? 1)) return 'skip and times are counts';
  if (!(Number(fault.seconds ?? 0) >= 0 && Number(fault.seconds ?? 0) <= 3600)) return 'seconds is 0 to 3600';
  if (!(Number(fault.retryAfter ?? 0) >= 0)) return 'retryAfter is a number of seconds';
  return null;
}

export class Faults {
  constructor() {
    this.list = [];
  }

  // Returns what is wrong, or null.
  add(wanted) {
    const faults = Array.isArray(wanted) ? wanted : [wanted];
    if (this.list.length + faults.length > LIMIT) return `more than ${LIMIT} faults`;
    for (const fault of faults) {
      const wrong = problem(fault);
      if (wrong) return wrong;
    }
    for (const fault of faults) {
      this.list.push({
        method: '*', skip: 0, times: 1, execute: KINDS[fault.kind], ...fault, hits: 0, pattern: pathPattern(fault.path),
      });
    }
    return null;
  }

  // The fault for this call, or null. times 0 goes on for ever.
  take(method, path) {
    for (const fault of this.list) {
      if (fault.method !== '*' && fault.method !== method) continue;
      if (!fault.pattern.test(path)) continue;
      fault.hits++;
      if (fault.hits <= fault.skip) continue;
      if (fault.times > 0 && fault.hits >= fault.skip + fault.times) this.list = this.list.filter((one) => one !== fault);
      return fault;
    }
    return null;
  }

  show() {
    return this.list.map(({ pattern, ...fault }) => fault);
  }

  clear() {
    this.list = [];
  }
}

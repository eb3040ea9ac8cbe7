// OVH's ways of saying no, with the bodies seen in the wild. A handler returns one of these instead of its answer.

export class Refusal {
  constructor(status, body, headers = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

const STATUS = { 400: 'BadRequest', 401: 'Unauthorized', 403: 'Forbidden', 404: 'NotFound', 409: 'Conflict', 413: 'BadRequest', 429: 'TooManyRequests', 460: 'Expired' };
const plain = (status) => (message) => new Refusal(status, { class: `Client::${STATUS[status]}`, message });

export const badRequest = plain(400);
export const unauthorized = plain(401);
export const forbidden = plain(403);
export const notFound = plain(404);
export const tooLarge = plain(413);
export const tooMany = () => plain(429)('Too many requests');
export const expired = () => plain(460)('This service is expired');
export const noService = () => notFound('This service does not exist');
export const noObject = (id) => new Refusal(404, { message: `The requested object (id = ${id}) does not exist` });

export const coded = (status, phrase, errorCode, message) => new Refusal(status, { message, httpCode: `${status} ${phrase}`, errorCode });

// What an injected fault of this status looks like.
export function invented(status) {
  if (status === 503 || status === 502) return null; // the proxies in front answer these, in HTML
  if (status >= 500) return { class: 'Server::InternalServerError', message: 'Internal server error' };
  if (status === 429) return { class: 'Client::TooManyRequests', message: 'Too many requests' };
  return { class: `Client::${STATUS[status] ?? 'BadRequest'}`, message: 'Refused' };
}

// Checks named fields of a body: "string", "number", "boolean" or "object", "!" behind it when required.
export function wrongField(body, fields) {
  for (const [name, kind] of Object.entries(fields)) {
    const value = body[name];
    if (value === undefined || value === null) {
      if (kind.endsWith('!')) return badRequest(`Missing parameter(s): ${name}`);
    } else if (typeof value !== kind.replace('!', '')) {
      return badRequest(`[${name}] Given data (${JSON.stringify(value).slice(0, 60)}) is not valid for type ${kind.replace('!', '')}`);
    }
  }
  return null;
}

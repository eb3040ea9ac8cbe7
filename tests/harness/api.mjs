// The product's public API as one signed-in person uses it.

import { randomUUID } from 'node:crypto';
import { Http } from './http.mjs';
import { until } from './wait.mjs';

const DEPLOYMENTS = '/api/openclaw/deployments';

export class Api extends Http {
  /** A new account; the e-mail is made up unless given. */
  async signUp(email = `u-${randomUUID()}@example.com`, password = 'a long password') {
    this.user = (await this.post('/api/auth/sign-up', { email, password })).user;
    return this.user;
  }

  async signIn(email, password) {
    this.user = (await this.post('/api/auth/sign-in', { email, password })).user;
    return this.user;
  }

  /** Clicks Deploy; `key` makes a repeated click the same click. */
  deploy({ name, key } = {}) {
    return this.post('/api/openclaw/deploy', name === undefined ? undefined : { name }, {
      ...(name === undefined && { body: '' }),
      headers: key ? { 'idempotency-key': key } : {},
    });
  }

  async list() {
    return (await this.get(DEPLOYMENTS)).deployments;
  }

  deployment(id) {
    return this.get(`${DEPLOYMENTS}/${id}`);
  }

  destroy(id) {
    return this.delete(`${DEPLOYMENTS}/${id}`);
  }

  retry(id) {
    return this.post(`${DEPLOYMENTS}/${id}/retry`, undefined, { body: '' });
  }

  restart(id) {
    return this.post(`${DEPLOYMENTS}/${id}/restart`, undefined, { body: '' });
  }

  /** A link into it, made for this call: {url, expiresAt}. */
  open(id) {
    return this.post(`${DEPLOYMENTS}/${id}/open`, undefined, { body: '', timeout: 30 });
  }

  reinstall(id) {
    return this.post(`${DEPLOYMENTS}/${id}/reinstall`, undefined, { body: '' });
  }

  async events(id) {
    return (await this.get(`${DEPLOYMENTS}/${id}/events`, { headers: { accept: 'application/json' } })).events;
  }

  async log(id, after = 0) {
    return this.get(`${DEPLOYMENTS}/${id}/log?after=${after}`);
  }

  /** Waits for a status (or one of several); fails at once on an ERROR nobody waits for. */
  async waitStatus(id, wanted, { deadline = 60, every = 0.1 } = {}) {
    const statuses = [wanted].flat();
    let found;
    const deployment = await until(
      async () => {
        found = await this.deployment(id);
        return statuses.includes(found.status) || found.status === 'ERROR' ? found : undefined;
      },
      { deadline, what: `deployment ${id} is ${statuses.join(' or ')}`, every },
    ).catch((error) => {
      throw new Error(`${error.message}; it is ${found?.status} (${found?.statusMessage})`, { cause: error });
    });
    if (!statuses.includes(deployment.status)) {
      throw new Error(`deployment ${id} became ERROR: ${deployment.statusMessage}`);
    }
    return deployment;
  }
}

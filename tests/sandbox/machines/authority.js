// A certificate authority in memory: signs certificates for IP addresses the way Let's Encrypt's profile "shortlived"
// does (160 hours, IP in the subject alternative names). Its key never leaves the process.

import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto);

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const HOUR = 3600 * 1000;

const makeKeys = () => webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
const serialNumber = () => `01${randomBytes(15).toString('hex')}`;

export class Authority {
  #keys;
  #certificate;

  constructor(keys, certificate) {
    this.#keys = keys;
    this.#certificate = certificate;
  }

  static async create(name) {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: `CN=${name}`,
      notBefore: new Date(Date.now() - HOUR),
      notAfter: new Date(Date.now() + 10 * 365 * 24 * HOUR),
      signingAlgorithm: ECDSA,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return new Authority(keys, certificate);
  }

  get pem() {
    return `${this.#certificate.toString('pem')}\n`;
  }

  async publish(path) {
    await writeFile(`${path}.new`, this.pem);
    await rename(`${path}.new`, path);
  }

  // { key, cert } in PEM for an https server that answers to these IP addresses and names
  async issue({ ips, names = [], expired = false }) {
    const keys = await makeKeys();
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: '',
      issuer: this.#certificate.subject,
      notBefore: new Date(Date.now() - (expired ? 161 : 1) * HOUR),
      notAfter: new Date(Date.now() + (expired ? -1 : 159) * HOUR),
      signingAlgorithm: ECDSA,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...ips.map((value) => ({ type: 'ip', value })),
          ...names.map((value) => ({ type: 'dns', value })),
        ], true),
        await x509.AuthorityKeyIdentifierExtension.create(this.#keys.publicKey),
      ],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return {
      cert: `${certificate.toString('pem')}\n`,
      key: `-----BEGIN PRIVATE KEY-----\n${key.match(/.{1,64}/g).join('\n')}\n-----END PRIVATE KEY-----\n`,
    };
  }
}

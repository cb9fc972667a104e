import 'reflect-metadata'; // @peculiar/x509 needs it before it is loaded
import { X509CertificateGenerator, BasicConstraintsExtension, ExtendedKeyUsage, ExtendedKeyUsageExtension, KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, type Extension, type X509Certificate } from '@peculiar/x509';
import { webcrypto } from 'node:crypto';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

export interface KeyAndCertificate {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ServingOptions {
  /** Default: `localhost` */
  readonly dnsNames?: readonly string[];
  /** Default: 127.0.0.1 and ::1 */
  readonly addresses?: readonly string[];
  /** Default: yesterday and in ten years, by the system's clock, which is the one that TLS checks by */
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

/** A certificate authority made for one run. Keys are ECDSA P-256, made by the process, never stored. */
export class TlsAuthority {
  private constructor(
    readonly certPem: string,
    private readonly certificate: X509Certificate,
    private readonly keys: webcrypto.CryptoKeyPair,
  ) {}

  static async create(commonName: string): Promise<TlsAuthority> {
    const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: `CN=${commonName}`,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + 3650 * DAY_MS),
      keys,
      signingAlgorithm: SIGNATURE,
      extensions: [new BasicConstraintsExtension(true, undefined, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true)],
    });
    return new TlsAuthority(certificate.toString('pem'), certificate, keys);
  }

  issueServing(options: ServingOptions = {}): Promise<KeyAndCertificate> {
    const { dnsNames = ['localhost'], addresses = ['127.0.0.1', '::1'] } = options;
    const names = new SubjectAlternativeNameExtension([
      ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
      ...addresses.map((value) => ({ type: 'ip' as const, value })),
    ]);
    return this.issue('CN=kube-apiserver', [new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]), names], options);
  }

  /** A client certificate: the user is its common name, as kube-apiserver reads it. */
  issueClient(user: string): Promise<KeyAndCertificate> {
    return this.issue(`CN=${user}`, [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])], {});
  }

  private async issue(subject: string, extensions: Extension[], { notBefore, notAfter }: ServingOptions): Promise<KeyAndCertificate> {
    const keys = (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject,
      issuer: this.certificate.subject,
      notBefore: notBefore ?? new Date(Date.now() - DAY_MS),
      notAfter: notAfter ?? new Date(Date.now() + 3650 * DAY_MS),
      publicKey: keys.publicKey,
      signingKey: this.keys.privateKey,
      signingAlgorithm: SIGNATURE,
      extensions: [new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true), ...extensions],
    });
    const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
    return { certPem: certificate.toString('pem'), keyPem: `-----BEGIN PRIVATE KEY-----\n${key.replace(/(.{64})/g, '$1\n').trimEnd()}\n-----END PRIVATE KEY-----\n` };
  }
}

const serialNumber = (): string => Buffer.from(webcrypto.getRandomValues(new Uint8Array(8))).toString('hex').replace(/^[89a-f]/, '1');

import type { KubeObject } from '../kube/kube.types.js';
import { storageAccess } from './storage-access.rules.js';

const location = (spec: unknown): KubeObject => ({ apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation', metadata: { name: 'l' }, spec: spec as KubeObject['spec'] });
const pem = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n';

test.each([
  { because: 'there is no location', from: null, caPem: null, origins: [] },
  { because: 'AWS needs nothing', from: location({ config: { region: 'eu-central-1' } }), caPem: null, origins: [] },
  { because: 'an authority of its own', from: location({ objectStorage: { caCert: Buffer.from(pem).toString('base64') } }), caPem: pem, origins: [] },
  { because: 'https needs no permission', from: location({ config: { s3Url: 'https://s3.example.com' } }), caPem: null, origins: [] },
  { because: 'what it names itself', from: location({ config: { s3Url: 'http://minio.velero.svc:9000/x', publicUrl: 'http://minio.example.com' } }), caPem: null, origins: ['http://minio.velero.svc:9000', 'http://minio.example.com'] },
  { because: 'one is enough', from: location({ config: { s3Url: 'http://m', publicUrl: 'http://m' } }), caPem: null, origins: ['http://m'] },
  { because: 'skipped verification is not followed', from: location({ config: { insecureSkipTLSVerify: 'true' } }), caPem: null, origins: [] },
  { because: 'whatever stands there', from: location({ objectStorage: { caCert: 7 }, config: { s3Url: ['http://m'], publicUrl: 'file:///etc/passwd' } }), caPem: null, origins: [] },
  { because: 'no spec at all', from: location('x'), caPem: null, origins: [] },
])('$because', ({ from, caPem, origins }) => {
  expect(storageAccess(from)).toEqual({ caPem, plainHttpOrigins: origins });
});

import { addressProblem } from './address.rules.js';

const refusedAlways = [
  { address: '0.0.0.0', because: 'unspecified means this machine' },
  { address: '0.1.2.3', because: 'this network' },
  { address: '169.254.169.254', because: 'metadata of most clouds' },
  { address: '169.254.0.1', because: 'link-local' },
  { address: '100.100.100.200', because: 'metadata of Alibaba' },
  { address: '168.63.129.16', because: 'the host service of Azure' },
  { address: '224.0.0.1', because: 'multicast' },
  { address: '255.255.255.255', because: 'broadcast' },
  { address: '::', because: 'unspecified' },
  { address: 'fe80::1', because: 'link-local' },
  { address: 'fe80::1%eth0', because: 'link-local with a zone' },
  { address: 'febf::1', because: 'the end of fe80::/10' },
  { address: 'ff02::1', because: 'multicast' },
  { address: 'fd00:ec2::254', because: 'metadata of AWS' },
  { address: 'fd20:ce::254', because: 'metadata of Google Cloud' },
  { address: '::ffff:169.254.169.254', because: 'mapped IPv4' },
  { address: '::ffff:a9fe:a9fe', because: 'mapped IPv4 in hex' },
  { address: '::169.254.169.254', because: 'compatible IPv4' },
  { address: '64:ff9b::a9fe:a9fe', because: 'IPv4 behind NAT64' },
  { address: '2002:a9fe:a9fe::1', because: 'IPv4 behind 6to4' },
  { address: '::ffff:0.0.0.0', because: 'mapped unspecified' },
  { address: 'hub.example.com', because: 'no address at all' },
  { address: '', because: 'nothing' },
];
const loopback = ['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::'];
const allowed = ['10.0.0.1', '172.16.5.5', '192.168.1.1', '100.64.0.1', '8.8.8.8', 'fd12:3456::1', '2001:db8::1', 'fec0::1', '::ffff:10.0.0.1'];

test.each(refusedAlways)('$address is refused: $because', ({ address }) => {
  expect(addressProblem(address, { allowLoopback: false })).not.toBeNull();
  expect(addressProblem(address, { allowLoopback: true })).not.toBeNull();
});

test.each(loopback)('%s is refused unless loopback is allowed', (address) => {
  expect(addressProblem(address, { allowLoopback: false })).not.toBeNull();
  expect(addressProblem(address, { allowLoopback: true })).toBeNull();
});

test.each(allowed)('%s may be called', (address) => {
  expect(addressProblem(address, { allowLoopback: false })).toBeNull();
});

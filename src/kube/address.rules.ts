import { BlockList, isIP, isIPv6 } from 'node:net';

export interface AddressRule {
  /** Tests and the demo talk to this machine; nothing else may. */
  readonly allowLoopback: boolean;
}

/** Never a hub: "this network", link-local (cloud metadata included), multicast, reserved and broadcast. */
const REFUSED_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Metadata and host services that clouds put at addresses of their own: Alibaba, Azure, Oracle.
  ['100.100.100.200', 32],
  ['168.63.129.16', 32],
  ['192.0.0.192', 32],
];

const REFUSED_V6: readonly (readonly [string, number])[] = [
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
  // Metadata: AWS, Google Cloud
  ['fd00:ec2::254', 128],
  ['fd20:ce::254', 128],
];

/** The IPv6 forms in which an IPv4 address travels: mapped, compatible, NAT64 (RFC 6052), 6to4 (RFC 3056). */
function inIPv6([address, prefix]: readonly [string, number]): (readonly [string, number])[] {
  const hex = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  const forms: (readonly [string, number])[] = [
    [`::ffff:${address}`, 96 + prefix],
    [`64:ff9b::${address}`, 96 + prefix],
    [`2002:${hex[0]}${hex[1]}:${hex[2]}${hex[3]}::`, 16 + prefix],
  ];
  // `::0.0.0.0/104` would hold `::1`, which the loopback rule decides.
  return address === '0.0.0.0' ? forms : [...forms, [`::${address}`, 96 + prefix]];
}

function blockList(v4: readonly (readonly [string, number])[], v6: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const range of v4) list.addSubnet(range[0], range[1], 'ipv4');
  for (const range of [...v6, ...v4.flatMap(inIPv6)]) list.addSubnet(range[0], range[1], 'ipv6');
  return list;
}

const refused = blockList(REFUSED_V4, REFUSED_V6);
const loopback = blockList([['127.0.0.0', 8]], [['::1', 128]]);

/**
 * Whether an address that a hub's name resolved to may be called. Private ranges may: hubs live there.
 * @param address an IP address, as the resolver gave it
 * @returns null if it may be called, else why not
 */
export function addressProblem(address: string, rule: AddressRule): string | null {
  const [ip = ''] = address.split('%'); // a zone id does not change what the address is
  if (isIP(ip) === 0) return 'it is no IP address';
  const family = isIPv6(ip) ? 'ipv6' : 'ipv4';
  if (refused.check(ip, family)) return 'it is a link-local, metadata, multicast or reserved address';
  if (!rule.allowLoopback && loopback.check(ip, family)) return 'it is a loopback address';
  return null;
}

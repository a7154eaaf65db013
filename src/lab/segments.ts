import { type Host, isOnLink, type Nic, type Setup, shareSegment } from "../forwarding/setup.js";
import { networkOf } from "../packet/address.js";

/** NICs whose addresses share a prefix. */
export interface Segment {
  /** `10.0.0.0/24`; of several networks on it that of its first NIC's primary address. */
  readonly network: string;
  readonly members: readonly Member[];
}

export interface Member {
  readonly host: Host;
  readonly nic: Nic;
}

export function segmentsOf(setup: Setup): Segment[] {
  const segments: Member[][] = [];
  for (const host of setup.hosts)
    for (const nic of host.nics) {
      // A NIC of two families may join what looked like two segments.
      const joined = segments.filter((members) => members.some((member) => shareSegment(member.nic, nic)));
      const [first = []] = joined;
      for (const other of joined.slice(1)) first.push(...segments.splice(segments.indexOf(other), 1).flat());
      first.push({ host, nic });
      if (joined.length === 0) segments.push(first);
    }
  return segments.map((members) => ({ network: networkName(members), members }));
}

function networkName([first]: readonly Member[]): string {
  return first === undefined ? "" : networkOf(first.nic.ip, first.nic.prefix);
}

/** The NIC on whose segment the address lies; else the first. */
export function nicTowards(host: Host, ip: string): Nic {
  const nic = host.nics.find((nic) => isOnLink(nic, ip)) ?? host.nics[0];
  if (!nic) throw new Error(`${host.name} has no NIC`);
  return nic;
}

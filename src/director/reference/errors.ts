/** ICMP errors by what they say: each family has its own numbers for it (RFC 792, RFC 4443; the pairs of RFC 7915 §4.2). */

import { ICMP_FRAGMENTATION_NEEDED, ICMP_HOST_UNREACHABLE, ICMP_TYPE } from "../../packet/icmp.js";
import type { IcmpKind, IcmpMessage } from "../../packet/icmp-message.js";
import { ICMPV6_TYPE } from "../../packet/icmpv6.js";

/** An ICMP error message: type and code, and the next hop's MTU in bytes where the packet is too big (RFC 1191, RFC 4443 §3.2). */
export interface IcmpError {
  readonly type: number;
  readonly code: number;
  readonly mtu?: number;
}

/** The message of each family. */
export type Reason = Readonly<Record<4 | 6, IcmpError>>;

export const NET_UNREACHABLE: Reason = {
  4: { type: ICMP_TYPE.unreachable, code: 0 },
  6: { type: ICMPV6_TYPE.unreachable, code: 0 },
};
export const HOST_UNREACHABLE: Reason = {
  4: { type: ICMP_TYPE.unreachable, code: ICMP_HOST_UNREACHABLE },
  6: { type: ICMPV6_TYPE.unreachable, code: 3 },
};
export const PROTOCOL_UNREACHABLE: Reason = {
  4: { type: ICMP_TYPE.unreachable, code: 2 },
  6: { type: ICMPV6_TYPE.parameterProblem, code: 1 },
};
export const PORT_UNREACHABLE: Reason = {
  4: { type: ICMP_TYPE.unreachable, code: 3 },
  6: { type: ICMPV6_TYPE.unreachable, code: 4 },
};
export const TIME_EXCEEDED: Reason = {
  4: { type: ICMP_TYPE.timeExceeded, code: 0 },
  6: { type: ICMPV6_TYPE.timeExceeded, code: 0 },
};

/** @param mtu in bytes */
export function tooBig(mtu: number): Reason {
  return {
    4: { type: ICMP_TYPE.unreachable, code: ICMP_FRAGMENTATION_NEEDED, mtu },
    6: { type: ICMPV6_TYPE.tooBig, code: 0, mtu },
  };
}

const BY_KIND: Partial<Record<IcmpKind, Reason>> = {
  unreachable: HOST_UNREACHABLE,
  "protocol-unreachable": PROTOCOL_UNREACHABLE,
  "port-unreachable": PORT_UNREACHABLE,
  "time-exceeded": TIME_EXCEEDED,
};

/**
 * What an error about a tunnel's packet says about the one inside: the same (RFC 2003 §4, RFC 2473 §8.3). Undefined where
 * the tunnel is of the other family, and that of the packet inside has no such message.
 */
export function relayed({ type, code, kind }: IcmpMessage, outer: 4 | 6, inner: 4 | 6): IcmpError | undefined {
  return outer === inner ? { type, code } : BY_KIND[kind]?.[inner];
}

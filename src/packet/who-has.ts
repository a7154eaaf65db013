import { ARP_OPCODE } from "./arp.js";
import { craft } from "./craft.js";
import { BROADCAST } from "./ethernet.js";

/** Who asks for an address by ARP, and whom. */
export interface Question {
  readonly senderMac: string;
  /** `NOBODY` in a probe. */
  readonly senderIp: string;
  readonly target: string;
  /** One MAC; left out: all. */
  readonly to?: string;
}

/** The frame of an ARP request (RFC 826). */
export function whoHas({ senderMac, senderIp, target, to = BROADCAST }: Question): Uint8Array {
  return craft({
    "eth.dst": to,
    "eth.src": senderMac,
    "arp.opcode": ARP_OPCODE.request,
    "arp.src.hw_mac": senderMac,
    "arp.src.proto_ipv4": senderIp,
    "arp.dst.hw_mac": "00:00:00:00:00:00",
    "arp.dst.proto_ipv4": target,
  });
}

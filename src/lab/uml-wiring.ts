import { accessSync, constants } from "node:fs";

/** How a NIC of the guest is joined to the fabric's device of that name. */
export interface Wiring {
  /** For `ip -batch`. */
  lines(device: string): string[];
  /** The guest kernel's parameter for the NIC. */
  transport(device: string): string;
  /** The devices whose offloads have to be turned off. */
  ends(device: string): string[];
}

const tapWiring: Wiring = {
  lines: (device) => [`tuntap add ${device} mode tap`, `link set ${device} txqueuelen 30000`],
  transport: (device) => `transport=tap,ifname=${device}`,
  // A tap device has nothing to turn off but what the guest turned on, and it did not.
  ends: () => [],
};

/** A veth pair whose far end the guest reads and writes as a packet socket: no loss-free queue, but open to every user. */
const vethWiring: Wiring = {
  lines: (device) => [`link add ${device} type veth peer name ${device}g`, `link set ${device}g up`],
  // Frame by frame (vec=0): with vectors of frames this transport stops receiving within seconds.
  transport: (device) => `transport=raw,ifname=${device}g,vec=0`,
  ends: (device) => [device, `${device}g`],
};

/** Tap devices where this user may make some; many systems keep /dev/net/tun to root. */
export function wiringHere(): Wiring {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
    return tapWiring;
  } catch {
    return vethWiring;
  }
}

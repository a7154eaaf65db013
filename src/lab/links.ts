import { disableOffloads } from "../capture/libc.js";
import type { Host, Nic } from "../forwarding/setup.js";
import type { Machine, Where } from "./machine.js";
import { NamespaceMachine } from "./namespace.js";

/** One NIC of one host, with its far end in the fabric. */
export interface Link {
  readonly host: Host;
  readonly nic: Nic;
  readonly tap: string;
  /** The bridge port. */
  readonly port: string;
  /** The NIC's name before the host knows it: set only for userspace hosts (in the fabric) and User-Mode Linux (in the guest). */
  readonly device?: string;
  /** Frames for the host that were lost behind the port so far, where that can happen. */
  lost?(): number;
}

/** Of the canaries' family, so that what a bridge might say for itself is not taken for a host's. */
export function bridgeMac(segment: number): string {
  return `02:ff:00:00:00:${(segment + 1).toString(16).padStart(2, "0")}`;
}

/** The lines of `ip -batch` that make one link; the far end's port is made a member of its bridge behind it. */
export function linkLines(link: Link, where: Where, prefix: string): string[] {
  const { nic, port, device, host } = link;
  if (where === "user-mode-linux") return [];
  if (where === "userspace")
    return [
      `link add ${port} type veth peer name ${device} address ${nic.mac}`,
      `link set ${device} mtu ${nic.mtu} up`,
    ];
  return [`link add ${port} type veth peer name ${nic.name} address ${nic.mac} netns ${prefix}-${host.name}`];
}

/** Both ends of a link; those of a guest have been turned off inside it. */
export function disableOffloadsOf(link: Link, machine: Machine | undefined): void {
  if (machine?.where === "user-mode-linux") return;
  disableOffloads(link.port);
  if (machine instanceof NamespaceMachine) machine.enter(() => disableOffloads(link.nic.name));
  else if (link.device) disableOffloads(link.device);
}

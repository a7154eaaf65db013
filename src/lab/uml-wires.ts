import { accessSync, constants } from "node:fs";
import { disableOffloads } from "../capture/libc.js";
import { droppedBy, nicSocket } from "../capture/packet-socket.js";
import type { Shell } from "./shell.js";

/** What joins a NIC of a User-Mode Linux kernel to the namespace that the kernel was booted in. */
export interface Wire {
  /** The end in that namespace, to be made a bridge's port. */
  readonly port: string;
  /** What the kernel is told of its end (arch/um/drivers/vector_user.c). */
  readonly transport: string;
  /** A descriptor that the kernel's process is to inherit. */
  readonly file?: number;
  /** Frames for the guest that were lost on the wire so far, where its port does not count them. */
  lost(): number;
}

/**
 * Frames that may wait for the guest: a burst must not overflow. A tap device has as long a queue as it is told. A packet
 * socket has the memory that the kernel allows an ordinary user (net.core.rmem_max), but counts what it drops.
 */
const QUEUE = 30_000;
/** What a small frame takes of a packet socket's memory (skb->truesize). */
const FRAME_IN_SOCKET = 768;

const TUN = "/dev/net/tun";

/** The descriptors that a child inherits behind its standard ones. */
const FIRST_INHERITED = 3;

/** Wires for so many NICs: tap devices, or veth pairs with a packet socket where this user may not open /dev/net/tun. */
export async function wiresOf(count: number, mtu: number, shell: Shell): Promise<Wire[]> {
  const ports = Array.from({ length: count }, (_, i) => `uml${i}`);
  const makeLinks = (lines: readonly string[]) => shell.run("the lab", ["ip", "-batch", "-"], lines.join("\n"));
  if (mayOpen(TUN)) {
    await makeLinks(ports.flatMap((port) => [`tuntap add ${port} mode tap`, `link set ${port} txqueuelen ${QUEUE}`]));
    return ports.map((port) => ({ port, transport: `transport=tap,ifname=${port},gro=1`, lost: () => 0 }));
  }
  await makeLinks(
    ports.flatMap((port) => [
      `link add ${port} mtu ${mtu} type veth peer name ${farEnd(port)} mtu ${mtu}`,
      `link set ${farEnd(port)} arp off up`,
    ]),
  );
  return ports.map(socketWire);
}

function socketWire(port: string, index: number): Wire {
  for (const end of [port, farEnd(port)]) disableOffloads(end);
  const file = nicSocket(farEnd(port), QUEUE * FRAME_IN_SOCKET);
  let lost = 0;
  return {
    port,
    // One frame a call, as with tap devices: where the guest reads and writes many at once, it stops at times.
    transport: `transport=fd,fd=${FIRST_INHERITED + index},vec=0`,
    file,
    lost() {
      lost += droppedBy(file);
      return lost;
    },
  };
}

function farEnd(port: string): string {
  return `${port}-far`;
}

function mayOpen(file: string): boolean {
  try {
    accessSync(file, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

import { accessSync, constants } from "node:fs";
import { disableOffloads, interfaceIndex } from "../capture/libc.js";
import { bindPacketSocket, droppedBy, nicSocket } from "../capture/packet-socket.js";
import type { Shell } from "./shell.js";

/** What joins a NIC of a User-Mode Linux kernel to the namespace that the kernel was booted in. */
export interface Wire {
  /** The end in that namespace, to be made a bridge's port. */
  readonly port: string;
  /** Frames for the guest that were lost on the wire so far, where its port does not count them. */
  lost(): number;
}

/** The wires of a kernel, of which it has to be told when it boots, though nobody knows yet how many will be needed. */
export interface Wires {
  /** What the kernel is told of its end of each (arch/um/drivers/vector_user.c). */
  readonly transports: readonly string[];
  /** Descriptors that the kernel's process is to inherit. */
  readonly files: readonly number[];
  /** Lays the first of them; `mtu` is the largest of the labs' NICs. */
  lay(count: number, mtu: number, shell: Shell): Promise<Wire[]>;
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

/** Wires, so many at most: tap devices, or veth pairs with a packet socket where this user may not open /dev/net/tun. */
export function wiresOf(most: number): Wires {
  const ports = Array.from({ length: most }, (_, i) => `uml${i}`);
  return mayOpen(TUN) ? tapWires(ports) : socketWires(ports);
}

function tapWires(ports: readonly string[]): Wires {
  return {
    transports: ports.map((port) => `transport=tap,ifname=${port},gro=1`),
    files: [],
    async lay(count, _mtu, shell) {
      const laid = ports.slice(0, count);
      await make(
        shell,
        laid.flatMap((port) => [`tuntap add ${port} mode tap`, `link set ${port} txqueuelen ${QUEUE}`]),
      );
      return laid.map((port) => ({ port, lost: () => 0 }));
    },
  };
}

function socketWires(ports: readonly string[]): Wires {
  const files = ports.map(() => nicSocket(QUEUE * FRAME_IN_SOCKET));
  return {
    // One frame a call, as with tap devices: where the guest reads and writes many at once, it stops at times.
    transports: files.map((_, i) => `transport=fd,fd=${FIRST_INHERITED + i},vec=0`),
    files,
    async lay(count, mtu, shell) {
      const laid = ports.slice(0, count);
      await make(
        shell,
        laid.flatMap((port) => [
          `link add ${port} mtu ${mtu} type veth peer name ${farEnd(port)} mtu ${mtu}`,
          `link set ${farEnd(port)} arp off up`,
        ]),
      );
      return laid.map((port, i) => socketWire(port, files[i] as number));
    },
  };
}

function make(shell: Shell, links: readonly string[]): Promise<string> {
  return shell.run("the lab", ["ip", "-batch", "-"], links.join("\n"));
}

function socketWire(port: string, file: number): Wire {
  for (const end of [port, farEnd(port)]) disableOffloads(end);
  bindPacketSocket(file, interfaceIndex(farEnd(port)));
  let lost = 0;
  return {
    port,
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

import type { Protocol } from "../forwarding/setup.js";
import { canonicalIp, isAnyIp } from "../packet/address.js";
import type { Names } from "./names.js";
import type { Place } from "./source.js";
import { quoted } from "./suggest.js";

export interface Destination {
  readonly vip: string;
  readonly port: number;
  readonly protocol: Protocol;
}

const PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"] satisfies Protocol[];

/**
 * `10.0.0.10:53/udp`, `[fd00::10]:80`, `director:80`, `53/udp` or `8000`. Without an address the VIP of the setup's first service is
 * meant; without a protocol `protocol`, whatever the services say: a scenario may well ask a UDP service with TCP.
 */
export function readDestination(
  to: string | number,
  place: Place,
  names: Names,
  protocol: Protocol = "tcp",
): Destination | undefined {
  const text = String(to);
  const parts = /^(?:(\[[^\]]+\]|[^:/]+):)?(\d{1,5})(?:\/([a-z]+))?$/.exec(text);
  const port = Number(parts?.[2]);
  if (parts === null || port < 1 || port > 65535 || !PROTOCOLS.includes(parts[3] ?? protocol)) {
    place.complain(`${quoted(text)} is not a destination; write 80/tcp, 53/udp or 10.0.0.10:80/tcp`);
    return undefined;
  }
  const host = (parts[1] ?? "vip").replace(/^\[(.*)\]$/, "$1");
  const vip = isAnyIp(host) ? canonicalIp(host) : names.ipOf(host);
  if (vip !== undefined) return { vip, port, protocol: (parts[3] ?? protocol) as Protocol };
  names.checkAddress(host, place, "an IP address");
  // `broadcast` passes that check, but nothing listens there.
  if (host === "broadcast") place.complain("`broadcast` is no destination; write an address, `vip` or a host's name");
  return undefined;
}

/** The first service, or the first of a protocol. */
export function firstService(names: Names, protocol?: Protocol): Destination | undefined {
  const service = names.setup.services.find((one) => protocol === undefined || one.protocol === protocol);
  return service && { vip: service.vip, port: service.port, protocol: service.protocol };
}

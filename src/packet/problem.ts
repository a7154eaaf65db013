/** Where decoding stopped, and why. All layers that were decoded before it are sound. */
export interface Problem {
  /** The header that could not be read: `ethernet`, `arp`, `ipv4`, `ipv6`, `extension` (one of IPv6), `tcp`, `gre`, … */
  readonly layer: string;
  /** First byte of that header, relative to the bytes of the packet that has the problem. */
  readonly offset: number;
  /** Bytes that the header, or the length it states, asks for. */
  readonly required: number;
  /** Bytes that were there. */
  readonly available: number;
  /** One sentence that names the header and the byte. */
  readonly message: string;
}

export function problemAt(layer: string, offset: number, required: number, available: number, reason: string): Problem {
  return { layer, offset, required, available, message: `${layer} header at byte ${offset}: ${reason}` };
}

/** The one problem that every header can have: the bytes end before it does. */
export function tooShort(layer: string, offset: number, required: number, available: number): Problem {
  return problemAt(layer, offset, required, available, `${required} bytes needed, ${available} there`);
}

/** Notes a problem, where there is one. */
export function failed(packet: { problem?: Problem }, problem: Problem | undefined): boolean {
  if (problem) packet.problem = problem;
  return problem !== undefined;
}

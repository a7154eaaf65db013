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
  /** The bytes were on the wire, and the capture did not keep them: nothing is wrong with the packet. */
  readonly isCut?: true;
}

export function problemAt(layer: string, offset: number, required: number, available: number, reason: string): Problem {
  return { layer, offset, required, available, message: `${layer} header at byte ${offset}: ${reason}` };
}

/** The one problem that every header can have: the bytes end before it does. */
export function tooShort(layer: string, offset: number, required: number, available: number): Problem {
  return problemAt(layer, offset, required, available, `${required} bytes needed, ${available} there`);
}

/** A packet that may have a problem; `end`: of its own bytes on the wire, which `bytes` may not hold all. */
interface Troubled {
  readonly bytes: Uint8Array;
  readonly end: number;
  problem?: Problem;
}

/** Notes a problem, where there is one, and whether it is the capture's. */
export function failed(packet: Troubled, problem: Problem | undefined): problem is Problem {
  if (problem) packet.problem = isCut(packet, problem) ? { ...problem, isCut: true } : problem;
  return problem !== undefined;
}

/** What the header asks for ends where bytes were, but are not any more. */
function isCut({ bytes, end }: Troubled, { offset, required, available }: Problem): boolean {
  return available < required && end > bytes.length && offset + required <= end;
}

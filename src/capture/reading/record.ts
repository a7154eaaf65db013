/** What every format of capture files is read into. */

/** The NIC, or whatever else, that a file's packets were recorded at. */
export interface Interface {
  /** Position, from 0, in its section of the file. */
  readonly index: number;
  /** LINKTYPE_ value: what a packet's bytes begin with. @see https://www.tcpdump.org/linktypes.html */
  readonly linkType: number;
  /** Bytes after which packets were cut when they were recorded; 0: unlimited, or unknown. */
  readonly snapLength: number;
  /** pcapng's if_name, such as `eth0`, at most 256 characters of it. Comes from the file: may hold anything. */
  readonly name?: string;
}

/** Bits 0 and 1 of pcapng's epb_flags. */
export const DIRECTION = { unknown: 0, in: 1, out: 2 } as const;

/**
 * A packet where it lies. One object serves all packets of a file: it and its bytes are valid only during the call that
 * gets it.
 */
export interface Recorded {
  /** Position, from 1, in the file: the number that Wireshark shows. */
  number: number;
  /** Holds the packet from `start`, and other things around it. */
  bytes: Buffer;
  start: number;
  /** Bytes recorded; may be fewer than were on the wire. */
  captured: number;
  /** Bytes on the wire. */
  original: number;
  /** Since the epoch. A Simple Packet Block has no time: 0. */
  seconds: number;
  /** 0 to 999,999,999, to be added to `seconds`. */
  nanoseconds: number;
  /** Of `DIRECTION`. */
  direction: number;
  source: Interface;
}

export type Visit = (record: Recorded) => void;

/** No packet has more bytes: libpcap's MAXIMUM_SNAPLEN, which Wireshark holds to as well. */
export const LONGEST_PACKET = 262_144;

/** What a reader must know of a file to read on from the middle of it: plain data. */
export type State =
  | { readonly format: "classic"; readonly header: Uint8Array }
  | { readonly format: "blocks"; readonly little: boolean; readonly interfaces: readonly Described[] };

/** An interface of pcapng, and its clock. */
export interface Described extends Interface {
  readonly resolution?: number;
  readonly offset?: bigint;
}

/** The beginning of a record in a file that is not compressed: whoever knows it can read on there. */
export interface Mark {
  /** Bytes before it. */
  readonly position: number;
  /** The number of the last packet before it. */
  readonly number: number;
  /** Unknown at the beginning of a file. */
  readonly state?: State;
}

/** Reads the records of one format out of pieces of a file. */
export interface Format {
  /** For a mark: the same object until it changes. */
  readonly state: State;
  /** The number of the last packet. */
  readonly number: number;
  /** As many bytes, from where the last call stopped, let the next call go on. */
  readonly need: number;
  /**
   * Visits the packets that lie whole in `bytes` from `at` to its end.
   * @returns where the first record begins that does not; beyond the end: what lies between is of no interest.
   * @throws Flaw
   */
  read(bytes: Buffer, at: number): number;
}

/** Why reading stopped before the end of a file. */
export class Flaw extends Error {
  /** Stands behind "the file cannot be read beyond frame 7: "; undefined: the file ends within a record. */
  readonly clause: string | undefined;
  /** A sentence. */
  readonly advice: string;

  constructor(clause?: string, advice = "Copy the file again from where it was recorded.") {
    super(clause);
    this.clause = clause;
    this.advice = advice;
  }
}

/** Why a file is not read at all: stands behind the file's name. */
export class Refusal extends Error {}

/** The numbers in a buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export function checkLength(captured: number): void {
  if (captured > LONGEST_PACKET)
    throw new Flaw(`the next packet claims ${captured} recorded bytes, and none has more than ${LONGEST_PACKET}`);
}

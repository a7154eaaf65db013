import cap from "cap";
import { withoutStderr } from "./libc.js";

/** Bytes that libpcap keeps for frames nobody reads: the handle only sends. */
const UNREAD = 1 << 16;
/** Bytes for frames that somebody reads: room for a burst of 15,000 that nothing is taken out of meanwhile. */
const READ = 1 << 25;

/** What is closed stays in memory: `cap` frees with the object what libuv's loop goes on to hold (it never calls uv_close). */
const CLOSED = new Set<InstanceType<typeof cap.Cap>>();

/**
 * Sends single frames on one interface, through `cap`.
 *
 * `cap` ends the process when a handle is used that is not open, and its native side holds no reference to the buffer
 * that it writes into: both are kept here, and the handle stays open until the sender is closed.
 */
export class Sender {
  readonly #handle: InstanceType<typeof cap.Cap>;
  readonly #buffer = Buffer.alloc(UNREAD);
  readonly #device: string;

  /** Opens `device` of the network namespace that this thread is in; takes some 10 ms, in which nothing else runs. */
  constructor(device: string, received?: (frame: Uint8Array) => void) {
    this.#device = device;
    this.#handle = new cap.Cap();
    // `cap` warns of every interface without an address, and in a fabric none has one.
    withoutStderr(() => this.#handle.open(device, "", received ? READ : UNREAD, this.#buffer));
    if (received) {
      this.#handle.on("packet", (length: number) => received(Uint8Array.prototype.slice.call(this.#buffer, 0, length)));
    }
  }

  /** To be called before the interface goes down: `cap` ends the process where one that it listens to does. */
  close(): void {
    CLOSED.add(this.#handle);
    this.#handle.close();
  }

  /** @throws Error that names the interface and the frame's length where the kernel refuses it. */
  send(frame: Uint8Array): void {
    try {
      this.#handle.send(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength), frame.byteLength);
    } catch (error) {
      throw new Error(`${this.#device} refused a frame of ${frame.byteLength} bytes: ${(error as Error).message}`);
    }
  }
}

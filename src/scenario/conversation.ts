import { createSocket } from "node:dgram";
import { Socket } from "node:net";
import { anyAddress, boundSocket, connectingSocket } from "../capture/libc.js";
import type { Machine } from "../lab/machine.js";
import { NamespaceMachine } from "../lab/namespace.js";
import { isIp6 } from "../packet/address.js";

/** Ends a conversation that has already failed. */
const TIMEOUT = 3_000;

/** The client's own stack did not get the answer that an echo service gives. */
export class ConversationError extends Error {
  override name = "ConversationError";
}

export interface Talk {
  readonly host: string;
  readonly machine: Machine;
  /** One that no conversation had before: directors remember them, and the host's kernel keeps TCP's for a minute. */
  readonly localPort: number;
  readonly ip: string;
  readonly port: number;
  readonly payload: string;
}

/**
 * Opens a TCP connection from the host's own stack, sends the payload, waits for its echo and closes.
 * @param hopeless aborted with the reason, once no answer can come any more
 */
export function talkTcp(talk: Talk, hopeless: AbortSignal): Promise<void> {
  const fd = namespaceOf(talk).enter(() => connectingSocket(talk.ip, talk.port, talk.localPort));
  const connection = new Socket({ fd, readable: true, writable: true });
  const expected = Buffer.from(talk.payload);
  return answered(talk, "TCP", (done, fail) => {
    let received = Buffer.alloc(0);
    connection.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length >= expected.length) connection.end();
    });
    connection.on("error", (error) => fail(error.message));
    connection.on("close", () =>
      received.equals(expected) ? done() : fail(`the connection was closed after ${received.length} bytes`),
    );
    hopeless.addEventListener("abort", () => fail(hopeless.reason));
    connection.write(expected);
    return () => connection.destroy();
  });
}

/** Sends a UDP datagram from the host's own stack and waits for its echo. */
export function talkUdp(talk: Talk): Promise<void> {
  const fd = namespaceOf(talk).enter(() => boundSocket("udp", anyAddress(talk.ip), talk.localPort));
  const socket = createSocket(isIp6(talk.ip) ? "udp6" : "udp4");
  return answered(talk, "UDP", (done, fail) => {
    socket.on("message", (message) =>
      message.equals(Buffer.from(talk.payload)) ? done() : fail(`${message.length} other bytes came`),
    );
    socket.on("error", (error) => fail(error.message));
    socket.bind({ fd });
    socket.send(talk.payload, talk.port, talk.ip);
    return () => socket.close();
  });
}

function namespaceOf({ host, machine }: Talk): NamespaceMachine {
  if (machine instanceof NamespaceMachine) return machine;
  throw new ConversationError(`${host} cannot open connections: its network stack is not one of the host's kernel`);
}

type Start = (done: () => void, fail: (why: string) => void) => () => void;

function answered({ host, ip, port }: Talk, protocol: string, start: Start): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = false;
    const end = (why?: string) => {
      if (ended) return;
      ended = true;
      clearTimeout(deadline);
      stop();
      if (why === undefined) resolve();
      else reject(new ConversationError(`${host} got no echo over ${protocol} from ${ip}:${port}: ${why}`));
    };
    const deadline = setTimeout(() => end(`nothing came within ${TIMEOUT / 1000} s`), TIMEOUT);
    const stop = start(() => end(), end);
  });
}

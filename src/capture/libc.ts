import koffi from "koffi";
import { ip6FromString, ipFromString, isIp6 } from "../packet/address.js";

/**
 * The handful of system calls that Node has no interface for: packet sockets with a ring, entering a network
 * namespace, and interface settings. All run on the calling thread; `setns` therefore moves the main thread, and
 * with it every socket and /proc/sys file that is opened until it is moved back.
 */
const libc = koffi.load("libc.so.6");

const errnoText = libc.func("const char *strerror(int)");

/** Linux x86-64 and arm64 share these values (uapi/linux/if_packet.h, uapi/asm-generic). */
const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
const POLLIN = 1;

export class SystemError extends Error {
  override name = "SystemError";
  readonly errno: number;
  constructor(call: string, errno: number) {
    super(`${call}: ${errnoText(errno)}`);
    this.errno = errno;
  }
}

type Call = (...args: unknown[]) => number;

/** Wraps a call that returns -1 on failure, so that failure is an exception that names the call. */
function checked(name: string, declaration: string): Call {
  const raw = libc.func(declaration);
  return (...args) => {
    const result = Number(raw(...args));
    if (result < 0) throw new SystemError(name, koffi.errno());
    return result;
  };
}

export const socket = checked("socket", "int socket(int, int, int)");
export const bind = checked("bind", "int bind(int, const void *, uint)");
export const listen = checked("listen", "int listen(int, int)");
export const close = checked("close", "int close(int)");
export const setsockopt = checked("setsockopt", "int setsockopt(int, int, int, const void *, uint)");
export const getsockopt = checked("getsockopt", "int getsockopt(int, int, int, _Out_ void *, _Inout_ uint *)");
const setns = checked("setns", "int setns(int, int)");
const open = checked("open", "int open(const char *, int)");
const ioctl = checked("ioctl", "int ioctl(int, ulong, void *)");
const dup = checked("dup", "int dup(int)");
const dup2 = checked("dup2", "int dup2(int, int)");
const sendto = checked("sendto", "int sendto(int, const void *, size_t, int, const void *, uint)");
const setAffinityCall = checked("sched_setaffinity", "int sched_setaffinity(int, size_t, const void *)");
export const currentCpu = checked("sched_getcpu", "int sched_getcpu()");
const madvise = checked("madvise", "int madvise(void *, size_t, int)");
const connectCall = libc.func("int connect(int, const void *, uint)");
const ifNameToIndex = libc.func("uint if_nametoindex(const char *)");
const mmapCall = libc.func("void *mmap(void *, size_t, int, int, int, long)");
const pollCall = libc.func("int poll(void *, ulong, int)");

const MADV_DONTFORK = 10;

/** Maps `length` bytes of a socket's ring into memory, shared and writable. */
export function mapShared(fd: number, length: number): Buffer {
  const address = mmapCall(null, length, 3, 1, fd, 0);
  if (koffi.address(address) === 0xffffffffffffffffn) throw new SystemError("mmap", koffi.errno());
  // A child that is about to become another program needs no copy of these page tables: spawning takes a third of the time.
  madvise(address, length, MADV_DONTFORK);
  return Buffer.from(koffi.view(address, length));
}

const SOL_SOCKET = 1;
const SO_ATTACH_FILTER = 26;

/** Lets a socket take only what a program in classic BPF lets through: its instructions, as struct sock_filter has them. */
export function attachFilter(
  fd: number,
  program: readonly (readonly [code: number, jumpTrue: number, jumpFalse: number, operand: number])[],
): void {
  const instructions = Buffer.alloc(8 * program.length);
  for (const [i, [code, jumpTrue, jumpFalse, operand]] of program.entries()) {
    instructions.writeUInt16LE(code, 8 * i);
    instructions.writeUInt8(jumpTrue, 8 * i + 2);
    instructions.writeUInt8(jumpFalse, 8 * i + 3);
    instructions.writeUInt32LE(operand, 8 * i + 4);
  }
  const filter = Buffer.alloc(16);
  filter.writeUInt16LE(program.length, 0);
  filter.writeBigUInt64LE(koffi.address(instructions), 8);
  setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter, filter.length);
}

/** Sends a frame out of an interface, through any packet socket. */
export function sendThrough(fd: number, interfaceIndex: number, frame: Uint8Array): void {
  const address = Buffer.alloc(20);
  address.writeUInt16LE(AF_PACKET, 0);
  address.writeInt32LE(interfaceIndex, 4);
  sendto(fd, frame, frame.byteLength, 0, address, address.byteLength);
}

/** Which of the descriptors have something to read, without waiting. */
export function readable(fds: readonly number[]): boolean {
  return fds.length > 0 && Number(pollCall(pollSet(fds), fds.length, 0)) > 0;
}

/** Resolves when one of the descriptors has something to read, or after `timeout` milliseconds; waits on another thread. */
export function waitReadable(fds: readonly number[], timeout: number): Promise<boolean> {
  const set = pollSet(fds);
  return new Promise((resolve, reject) => {
    pollCall.async(set, fds.length, timeout, (error: unknown, count: number) => {
      if (error) reject(error);
      else resolve(count > 0);
    });
  });
}

function pollSet(fds: readonly number[]): Buffer {
  const set = Buffer.alloc(8 * fds.length);
  fds.forEach((fd, i) => {
    set.writeInt32LE(fd, 8 * i);
    set.writeInt16LE(POLLIN, 8 * i + 4);
  });
  return set;
}

/** The kernel's index of an interface of the namespace that this thread is in. */
export function interfaceIndex(name: string): number {
  const index = Number(ifNameToIndex(name));
  if (index === 0) throw new Error(`no interface ${name} in this network namespace`);
  return index;
}

const CLONE_NEWNET = 0x40000000;
let home: number | undefined;

/**
 * Runs `action` with this thread inside the network namespace behind `path` (`/run/netns/…`).
 * The action must be synchronous: what it leaves to the event loop happens outside.
 */
export function insideNamespace<T>(path: string, action: () => T): T {
  home ??= open("/proc/self/ns/net", 0);
  const target = open(path, 0);
  try {
    setns(target, CLONE_NEWNET);
    return action();
  } finally {
    setns(home, CLONE_NEWNET);
    close(target);
  }
}

/** Bytes of a set of CPUs (cpu_set_t): 1024 of them. */
const CPU_SET = 128;

/** Lets a thread run on the CPUs for which `mayRun` holds alone; 0 stands for the calling one. @throws SystemError where that leaves none. */
export function setAffinity(thread: number, mayRun: (cpu: number) => boolean): void {
  const set = Buffer.alloc(CPU_SET);
  for (let cpu = 0; cpu < 8 * CPU_SET; cpu++)
    if (mayRun(cpu)) set[cpu >> 3] = (set[cpu >> 3] as number) | (1 << (cpu & 7));
  setAffinityCall(thread, CPU_SET, set);
}

const STDERR = 2;
const O_WRONLY = 1;

/** Runs a synchronous action whose C code prints warnings that nobody can act on. */
export function withoutStderr<T>(action: () => T): T {
  const kept = dup(STDERR);
  const nowhere = open("/dev/null", O_WRONLY);
  try {
    dup2(nowhere, STDERR);
    return action();
  } finally {
    dup2(kept, STDERR);
    close(nowhere);
    close(kept);
  }
}

/** `struct sockaddr_in` or `sockaddr_in6`. */
export function socketAddress(ip: string, port: number): Buffer {
  const isIpv6 = isIp6(ip);
  const address = Buffer.alloc(isIpv6 ? 28 : 16);
  address.writeUInt16LE(familyOf(ip), 0);
  address.writeUInt16BE(port, 2);
  address.set(isIpv6 ? ip6FromString(ip) : ipFromString(ip), isIpv6 ? 8 : 4);
  return address;
}

function familyOf(ip: string): number {
  return isIp6(ip) ? AF_INET6 : AF_INET;
}

/** The address that stands for all of a host's, of the family of another one. */
export function anyAddress(ip: string): string {
  return isIp6(ip) ? "::" : "0.0.0.0";
}

/** A socket bound to `ip:port` in the namespace that this thread is in; a TCP one listens. */
export function boundSocket(type: "tcp" | "udp", ip: string, port: number): number {
  const fd = socket(familyOf(ip), (type === "tcp" ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bindTo(fd, socketAddress(ip, port));
  if (type === "tcp") listen(fd, 1024);
  return fd;
}

function bindTo(fd: number, address: Buffer): void {
  bind(fd, address, address.length);
}

const EINPROGRESS = 115;

/**
 * A TCP socket on its way to `ip:port`, from the namespace that this thread is in.
 * @param localPort 0: one of the kernel's choice.
 */
export function connectingSocket(ip: string, port: number, localPort = 0): number {
  const fd = socket(familyOf(ip), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const address = socketAddress(ip, port);
  try {
    if (localPort !== 0) bindTo(fd, socketAddress(anyAddress(ip), localPort));
    if (Number(connectCall(fd, address, address.length)) < 0 && koffi.errno() !== EINPROGRESS)
      throw new SystemError(`connect to ${ip}:${port}`, koffi.errno());
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

const SIOCETHTOOL = 0x8946;
/** rx checksum, tx checksum, scatter-gather, TSO, GSO, GRO (uapi/linux/ethtool.h). */
const OFFLOAD_COMMANDS = [0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c];

/**
 * Turns off what would make a tap see other frames than a wire carries: checksums left to hardware that is not there,
 * and segments of up to 64 KiB.
 */
export function disableOffloads(name: string): void {
  const fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  try {
    for (const command of OFFLOAD_COMMANDS) {
      const value = Buffer.alloc(8);
      value.writeUInt32LE(command, 0);
      const request = Buffer.alloc(40);
      request.write(name, 0, 15, "latin1");
      request.writeBigUInt64LE(koffi.address(value), 16);
      ioctl(fd, SIOCETHTOOL, request);
    }
  } finally {
    close(fd);
  }
}

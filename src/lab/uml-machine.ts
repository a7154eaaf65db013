import { socketAddress } from "../capture/libc.js";
import type { Echo, Machine } from "./machine.js";
import { NamedNamespace } from "./named.js";
import type { Shell } from "./shell.js";
import { sysctlPath } from "./sysctl.js";
import { AWAKE } from "./uml-hosts.js";
import { CHUNK } from "./uml-line.js";

/**
 * Sends a frame, in hexadecimal, out of a NIC: packet(7), with the index by SIOCGIFINDEX of netdevice(7). No order to
 * process 1, which is one line of a terminal: the largest frames are longer.
 */
const SEND = `
my ($nic, $frame) = @ARGV;
socket(my $socket, 17, 3, 0) or die "socket: $!\n";
my $request = pack "a16 x24", $nic;
ioctl($socket, 0x8933, $request) or die "$nic: $!\n";
my $address = pack "S n i S C C a8", 17, 0, unpack("x16 i", $request), 0, 0, 6, "";
defined send($socket, pack("H*", $frame), 0, $address) or die "$nic: $!\n";
`;

/** What a guest says of a pulse, as `Machine.pulse` has it. */
export function beats(said: string): string | undefined {
  return said === AWAKE ? undefined : said;
}

/** Orders something of process 1 of the guest, and resolves to what was printed; see uml-hosts.ts. */
export type Order = (host: string, order: string, ...words: readonly string[]) => Promise<string>;

/** A host inside the User-Mode Linux kernel. */
export class UmlMachine extends NamedNamespace implements Machine {
  readonly where = "user-mode-linux";
  readonly #order: (order: string, ...words: readonly string[]) => Promise<string>;

  /** @param name of the namespace, which `order` has made. */
  constructor(name: string, shell: Shell, order: Order, title: string) {
    super(name, shell, title);
    this.#order = (what, ...words) => order(title, what, name, ...words);
  }

  /** Moves NICs of the guest's first namespace into this host. */
  async adopt(nics: readonly string[]): Promise<void> {
    await this.#order("adopt", ...nics);
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines: string[][] = [];
    for (const [name, value] of Object.entries(settings)) {
      const words = [sysctlPath(name), value];
      const last = lines.at(-1);
      if (last && [...last, ...words].join().length <= CHUNK) last.push(...words);
      else lines.push(words);
    }
    for (const words of lines) await this.#order("sysctl", Buffer.from(words.join("\0")).toString("hex"));
  }

  /** Sends a frame out of a NIC, past the host's own stack. */
  async send(nic: string, frame: Uint8Array): Promise<void> {
    await this.run(["perl", "-e", SEND, nic, Buffer.from(frame).toString("hex")]);
  }

  async echo(services: readonly Echo[]): Promise<void> {
    const words = services.flatMap(({ protocol, ip, port }) => [protocol, socketAddress(ip, port).toString("hex")]);
    await this.#order("echo", ...words);
  }

  async pulse(): Promise<string | undefined> {
    return beats(await this.#order("pulse"));
  }
}

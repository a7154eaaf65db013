import { socketAddress } from "../capture/libc.js";
import type { Echo, Machine } from "./machine.js";
import { quote, Shell } from "./shell.js";
import { sysctlPath } from "./sysctl.js";
import type { GuestChannel } from "./uml-line.js";

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

/** A host inside the User-Mode Linux kernel. */
export class UmlMachine implements Machine {
  readonly where = "user-mode-linux";
  readonly #name: string;
  readonly #channel: GuestChannel;
  readonly #shell: Shell;

  constructor(name: string, channel: GuestChannel) {
    this.#name = `User-Mode Linux host ${name}`;
    this.#channel = channel;
    this.#shell = new Shell(this.#name, channel);
  }

  /** Moves NICs of the guest's first namespace into this host. */
  async adopt(nics: readonly string[]): Promise<void> {
    await this.#order("adopt", ...nics);
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `echo ${quote(value)} > ${quote(sysctlPath(name))}`);
    if (lines.length > 0) await this.#shell.script(this.#name, lines.join(" &&\n"), "sysctl");
  }

  async ip(lines: readonly string[], family?: 6): Promise<void> {
    await this.run(["ip", ...(family ? ["-6"] : []), "-batch", "-"], `${lines.join("\n")}\n`);
  }

  async run(command: readonly string[], input?: string): Promise<string> {
    return this.#shell.run(this.#name, command, input);
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
    return (await this.#order("pulse")).trim() || undefined;
  }

  #order(...words: readonly string[]): Promise<string> {
    return this.#shell.answered(this.#name, words.join(" "), () => this.#channel.order(...words));
  }
}

import type { Echo, Machine } from "./machine.js";
import { sysctlPath } from "./namespace.js";
import type { Console } from "./uml-console.js";

/**
 * Echo services, for each its protocol, address and port. Perl, because every Debian has it (perl-base is essential), and
 * one process for all: it takes longest to start. It returns when it listens, and serves on behind.
 */
const ECHO = `
my ($all, %listening, %talking, %receiving, $bytes) = ("");
while (my ($protocol, $ip, $port) = splice @ARGV, 0, 3) {
  my $tcp = $protocol eq "tcp";
  my $ip6 = $ip =~ /:/;
  my $address = $ip6 ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $ip)) : pack_sockaddr_in($port, inet_aton($ip));
  socket(my $server, $ip6 ? PF_INET6 : PF_INET, $tcp ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!\n";
  setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
  bind($server, $address) or die "bind to $ip:$port: $!\n";
  if ($tcp) { listen($server, SOMAXCONN) or die "listen: $!\n" }
  ($tcp ? $listening{fileno $server} : $receiving{fileno $server}) = $server;
  vec($all, fileno $server, 1) = 1;
}
exit if fork;
open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
$SIG{PIPE} = "IGNORE";
for (;;) {
  select(my $ready = $all, undef, undef, undef);
  for (grep { vec($ready, $_, 1) } keys %receiving) {
    my $peer = recv($receiving{$_}, $bytes, 65535, 0);
    send($receiving{$_}, $bytes, 0, $peer) if defined $peer;
  }
  for (grep { vec($ready, $_, 1) } keys %talking) {
    next if sysread($talking{$_}, $bytes, 65536) and syswrite($talking{$_}, $bytes);
    vec($all, $_, 1) = 0;
    close delete $talking{$_};
  }
  for (grep { vec($ready, $_, 1) } keys %listening) {
    accept(my $connection, $listening{$_}) or next;
    vec($all, fileno $connection, 1) = 1;
    $talking{fileno $connection} = $connection;
  }
}
`;

/** Sends a frame, in hexadecimal, out of a NIC: packet(7), with the index by SIOCGIFINDEX of netdevice(7). */
const SEND = `
my ($nic, $frame) = @ARGV;
socket(my $socket, 17, SOCK_RAW, 0) or die "socket: $!\n";
my $request = pack "a16 x24", $nic;
ioctl($socket, 0x8933, $request) or die "$nic: $!\n";
my $address = pack "S n i S C C a8", 17, 0, unpack("x16 i", $request), 0, 0, 6, "";
defined send($socket, pack("H*", $frame), 0, $address) or die "$nic: $!\n";
`;

/** A host inside the User-Mode Linux kernel. */
export class UmlMachine implements Machine {
  readonly where = "user-mode-linux";
  readonly #console: Console;

  constructor(console: Console) {
    this.#console = console;
  }

  /** Moves NICs of the guest's first namespace into this host. */
  async adopt(nics: readonly string[]): Promise<void> {
    // The guest's first namespace is that of process 1; this host's shell has a namespace of its own.
    const lines = nics.map((nic) => `link set ${nic} netns $$`);
    await this.#console.run(`nsenter -t 1 -n ip -batch - <<HOPCHECK\n${lines.join("\n")}\nHOPCHECK`, "move NICs");
  }

  async sysctl(settings: Readonly<Record<string, string>>): Promise<void> {
    const lines = Object.entries(settings).map(([name, value]) => `echo ${quote(value)} > ${quote(sysctlPath(name))}`);
    if (lines.length > 0) await this.#console.run(lines.join(" &&\n"), "sysctl");
  }

  async ip(lines: readonly string[], family?: 6): Promise<void> {
    await this.run(["ip", ...(family ? ["-6"] : []), "-batch", "-"], `${lines.join("\n")}\n`);
  }

  async run(command: readonly string[], input?: string): Promise<string> {
    const line = command.map(quote).join(" ");
    const script =
      input === undefined ? `${line} < /dev/null` : `${line} <<'HOPCHECK'\n${input.replace(/\n?$/, "\n")}HOPCHECK`;
    return this.#console.run(script, line);
  }

  /** Sends a frame out of a NIC, past the host's own stack. */
  async send(nic: string, frame: Uint8Array): Promise<void> {
    await this.run(["perl", "-MSocket", "-e", SEND, nic, Buffer.from(frame).toString("hex")]);
  }

  async echo(services: readonly Echo[]): Promise<void> {
    const words = services.flatMap(({ protocol, ip, port }) => [protocol, ip, String(port)]);
    await this.run(["perl", "-MSocket=:DEFAULT,inet_pton", "-e", ECHO, ...words]);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

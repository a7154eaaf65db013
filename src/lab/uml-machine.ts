import type { Machine } from "./machine.js";
import { sysctlPath } from "./namespace.js";
import type { Console } from "./uml-console.js";

/**
 * An echo service: protocol, address, port. Perl, because every Debian has it (perl-base is essential) and no process
 * has to be made for a connection. It returns when it listens, and serves on behind.
 */
const ECHO = `
my ($protocol, $ip, $port) = @ARGV;
my $tcp = $protocol eq "tcp";
my $ip6 = $ip =~ /:/;
my $address = $ip6 ? pack_sockaddr_in6($port, inet_pton(AF_INET6, $ip)) : pack_sockaddr_in($port, inet_aton($ip));
socket(my $server, $ip6 ? PF_INET6 : PF_INET, $tcp ? SOCK_STREAM : SOCK_DGRAM, 0) or die "socket: $!\\n";
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1);
bind($server, $address) or die "bind to $ip:$port: $!\\n";
listen($server, SOMAXCONN) or die "listen: $!\\n" if $tcp;
exit if fork;
open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
$SIG{PIPE} = "IGNORE";
my ($bytes, $all, %connections) = ("", "");
until ($tcp) { my $peer = recv($server, $bytes, 65535, 0); send($server, $bytes, 0, $peer) if defined $peer; }
vec($all, fileno $server, 1) = 1;
for (;;) {
  select(my $ready = $all, undef, undef, undef);
  if (vec($ready, fileno $server, 1) and accept(my $connection, $server)) {
    vec($all, fileno $connection, 1) = 1;
    $connections{fileno $connection} = $connection;
  }
  for (grep { vec($ready, $_, 1) } keys %connections) {
    next if sysread($connections{$_}, $bytes, 65536) and syswrite($connections{$_}, $bytes);
    vec($all, $_, 1) = 0;
    close delete $connections{$_};
  }
}
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

  async echo(protocol: "tcp" | "udp", ip: string, port: number): Promise<void> {
    await this.run(["perl", "-MSocket=:DEFAULT,inet_pton", "-e", ECHO, protocol, ip, String(port)]);
  }
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

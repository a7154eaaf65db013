/**
 * The guest's process 1: mounts, modules, then a shell for every host that is asked for.
 *
 * All shells share one line to the outside, for a User-Mode Linux kernel has interrupts for some twenty lines only
 * (NR_IRQS, two for each line). What goes over it are lines of a host's number and bytes in hexadecimal, both ways; a
 * number alone asks for a host, whose shell then starts in a network namespace of its own. Each line to the guest is
 * acknowledged before the next is sent: a terminal that has more to hold than its reader took may stop for good
 * (line_throttle of arch/um/drivers/line.c).
 *
 * Perl, because every Debian has it (perl-base is essential), and it makes a host of one process: `ip netns add` and
 * `ip netns exec` would be three.
 */

/** Where the guest, which sees the machine's files, looks for programs. */
export const GUEST_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Frames that may wait for one of the guest's CPUs: a burst must not overflow, for the queue drops in silence. */
export const GUEST_QUEUE = 30_000;

/** Marks the line by which the guest says that it is up; the kernel's release stands behind it. */
export const READY = "ready ";

/** Acknowledges a line. */
export const ACCEPTED = "+";

/** `unshare` on x86-64 and on ia32, and what it is asked for. */
const SHELLS = `
my $unshare = length pack("P", "") == 8 ? 272 : 310;
my $new_network = 0x40000000;
$| = 1;
# See disableOffloads.
socket my $any, 2, 2, 0;
for my $nic (@ARGV) {
  for my $offload (0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c) {
    my $off = pack "LL", $offload, 0;
    ioctl $any, 0x8946, pack "a16P", $nic, $off;
  }
}
my (%input, %output, $all, $received);
vec($all, 0, 1) = 1;
$received = "";
chomp(my $release = \`uname -r\`);
print "READY$release\\n";
sub start {
  my $host = shift;
  pipe my $in, $input{$host};
  pipe my $out, my $said;
  unless (fork) {
    syscall($unshare, $new_network) == 0 or die "unshare: $!";
    open STDIN, "<&", $in;
    open STDOUT, ">&", $said;
    open STDERR, ">&", $said;
    exec "sh";
  }
  $output{fileno $out} = [$host, $out];
  vec($all, fileno $out, 1) = 1;
}
for (;;) {
  select(my $ready = $all, undef, undef, undef) > 0 or next;
  if (vec($ready, 0, 1)) {
    sysread(STDIN, $received, 65536, length $received) or exit;
    while ($received =~ s/^(\\d+)(?: ([0-9a-f]*))?\\n//) {
      defined $2 ? syswrite($input{$1}, pack "H*", $2) : start($1);
      print "ACCEPTED\n";
    }
  }
  for my $fd (grep { vec($ready, $_, 1) } keys %output) {
    my ($host, $out) = @{$output{$fd}};
    if (sysread $out, my $bytes, 65536) { print "$host ", unpack("H*", $bytes), "\\n"; next }
    vec($all, $fd, 1) = 0;
    delete $output{$fd};
  }
}
`;

/**
 * A NIC of the guest in its parts: a veth pair, of which a host gets the inside, and the device that leads out of the
 * guest. That device leaves checksums to whoever reads its frames and cannot be told not to (vector_kern.c), which a
 * veth can: what comes out of the guest is then what a wire would carry.
 */
export interface GuestNic {
  readonly inside: string;
  readonly between: string;
  readonly outside: string;
}

export function initScript(modules: string, nics: readonly GuestNic[], mtu: number): string {
  const links = nics.flatMap(({ inside, between, outside }) => [
    `link add ${inside} type veth peer name ${between}`,
    `link set ${between} mtu ${mtu} up`,
    `link set ${outside} mtu ${mtu} up`,
  ]);
  const wires = nics.flatMap(({ between, outside }) => [...redirect(between, outside), ...redirect(outside, between)]);
  const veths = nics.flatMap(({ inside, between }) => [inside, between]);
  return `#!/bin/sh
export PATH=${GUEST_PATH}
# Not the set-uid mount of the machine: in a user namespace it belongs to nobody, and refuses.
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
busybox mount -t tmpfs tmp /tmp
busybox mount -t tmpfs run /run
mkdir -p /tmp/guest/lib/modules
ln -s /usr/lib/uml/modules/$(uname -r) /tmp/guest/lib/modules/$(uname -r)
modprobe -d /tmp/guest -a ${modules} || echo "not all modules can be loaded"
echo ${GUEST_QUEUE} > /proc/sys/net/core/netdev_max_backlog
echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6
echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6
ip -batch - <<END
${links.join("\n")}
END
tc -batch - <<END
${wires.join("\n")}
END
busybox stty raw -echo
exec perl -e '${SHELLS.replace("READY", READY).replace("ACCEPTED", ACCEPTED)}' ${veths.join(" ")}
`;
}

/** The lines of `tc -batch` that send all that comes in at one device out of another one. */
function redirect(from: string, to: string): string[] {
  return [
    `qdisc add dev ${from} ingress`,
    `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}`,
  ];
}

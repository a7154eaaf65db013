/**
 * The guest's process 1: mounts, modules and NICs, then its hosts (uml-hosts.ts).
 *
 * Perl, because every Debian has it (perl-base is essential), and what it does itself costs the guest no new program,
 * which takes longer to start than to do its work.
 */
import { HOSTS, READY } from "./uml-hosts.js";

/** Where the guest, which sees the machine's files, looks for programs. */
export const GUEST_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Frames that may wait for one of the guest's CPUs: a burst must not overflow, for the queue drops in silence. */
export const GUEST_QUEUE = 30_000;

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

/** What the guest loads, and the folder that stands for its root: the modules lie below its lib/modules. */
export interface Modules {
  readonly folder: string;
  readonly names: readonly string[];
}

export function initScript(modules: Modules, nics: readonly GuestNic[], mtu: number): string {
  const links = nics.flatMap(({ inside, between, outside }) => [
    `link add ${inside} type veth peer name ${between}`,
    `link set ${between} mtu ${mtu} up`,
    `link set ${outside} mtu ${mtu} up`,
  ]);
  const wires = nics.flatMap(({ between, outside }) => [...redirect(between, outside), ...redirect(outside, between)]);
  const veths = nics.flatMap(({ inside, between }) => [inside, between]);
  return String.raw`#!/usr/bin/perl
$| = 1;
$ENV{PATH} = "${GUEST_PATH}";
my $wide = length pack("P", "") == 8;
sub mount_on {
  my ($type, $folder) = @_;
  syscall($wide ? 165 : 21, $type, $folder, $type, 0, my $data = "") == 0 or print "mount $folder: $!\n";
}
sub set {
  my ($file, $value) = @_;
  open my $setting, ">", $file or return;
  print $setting $value;
}
sub feed {
  my ($lines, @command) = @_;
  open my $program, "|-", @command or return print "$command[0]: $!\n";
  print $program $lines;
  close $program or print "$command[0] failed\n";
}
mount_on("proc", "/proc");
mount_on("sysfs", "/sys");
# It lies on the machine's /run, which the guest's own is about to cover.
system("modprobe", "-d", "${modules.folder}", "-a", qw(${modules.names.join(" ")})) == 0 or print "not all modules can be loaded\n";
mount_on("tmpfs", "/tmp");
mount_on("tmpfs", "/run");
set("/proc/sys/net/core/netdev_max_backlog", ${GUEST_QUEUE});
set("/proc/sys/net/ipv6/conf/$_/disable_ipv6", 1) for "all", "default";
feed("${links.join("\n")}\n", "ip", "-batch", "-");
feed("${wires.join("\n")}\n", "tc", "-batch", "-");
# See disableOffloads.
socket my $any, 2, 2, 0;
for my $nic (qw(${veths.join(" ")})) {
  for my $offload (0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c) {
    my $off = pack "LL", $offload, 0;
    ioctl $any, 0x8946, pack "a16P", $nic, $off;
  }
}
# A line that nobody edits or echoes: TCGETS, TCSETS (uapi/asm-generic/ioctls.h), one byte is enough to be read.
ioctl STDIN, 0x5401, my $terminal = " " x 60;
my (undef, undef, $control) = unpack "L3", $terminal;
substr($terminal, 0, 16) = pack "L4", 0, 0, $control, 0;
substr($terminal, 22, 2) = pack "CC", 0, 1;
ioctl STDIN, 0x5402, $terminal;
open my $version, "<", "/proc/sys/kernel/osrelease";
print "${READY}", scalar <$version>;
${HOSTS}`;
}

/** The lines of `tc -batch` that send all that comes in at one device out of another one. */
function redirect(from: string, to: string): string[] {
  return [
    `qdisc add dev ${from} ingress`,
    `filter add dev ${from} ingress matchall action mirred egress redirect dev ${to}`,
  ];
}

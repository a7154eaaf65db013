/**
 * The guest's process 1: mounts and modules, then its NICs and hosts (uml-hosts.ts).
 *
 * Perl, because every Debian has it (perl-base is essential), and what it does itself costs the guest no new program,
 * which takes longer to start than to do its work.
 */
import { HOSTS, READY } from "./uml-hosts.js";

/** Where the guest, which sees the machine's files, looks for programs. */
export const GUEST_PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/** Frames that may wait for one of the guest's CPUs: a burst must not overflow, for the queue drops in silence. */
export const GUEST_QUEUE = 30_000;

/** What the guest loads, and the folder that stands for its root: the modules lie below its lib/modules. */
export interface Modules {
  readonly folder: string;
  readonly names: readonly string[];
}

export function initScript(modules: Modules): string {
  return String.raw`#!/usr/bin/perl
$| = 1;
$ENV{PATH} = "${GUEST_PATH}";
my $wide = length pack("P", "") == 8;
sub mount_on {
  my ($type, $folder) = @_;
  syscall($wide ? 165 : 21, $type, $folder, $type, 0, my $data = "") == 0 or print "mount $folder: $!\n";
}
# Returns what is wrong with the setting, or nothing.
sub set {
  my ($file, $value) = @_;
  open my $setting, ">", $file or return "$file: $!";
  return defined syswrite($setting, $value) ? "" : "$file: $!";
}
mount_on("proc", "/proc");
mount_on("sysfs", "/sys");
# The kernel would start a program, which is not there, for each part of a device that comes, goes or moves.
set("/proc/sys/kernel/hotplug", "\n");
# It lies on the machine's /run, which the guest's own is about to cover.
system("modprobe", "-d", "${modules.folder}", "-a", qw(${modules.names.join(" ")})) == 0 or print "not all modules can be loaded\n";
mount_on("tmpfs", "/tmp");
mount_on("tmpfs", "/run");
set("/proc/sys/net/core/netdev_max_backlog", ${GUEST_QUEUE});
set("/proc/sys/net/ipv6/conf/$_/disable_ipv6", 1) for "all", "default";
# A line that nobody edits or echoes: TCGETS, TCSETS (uapi/asm-generic/ioctls.h), one byte is enough to be read.
ioctl STDIN, 0x5401, my $terminal = " " x 60;
my (undef, undef, $control) = unpack "L3", $terminal;
substr($terminal, 0, 16) = pack "L4", 0, 0, $control, 0;
substr($terminal, 22, 2) = pack "CC", 0, 1;
ioctl STDIN, 0x5402, $terminal;
${HOSTS}
open my $version, "<", "/proc/sys/kernel/osrelease";
print "${READY}", scalar <$version>;
serve_orders();
`;
}

import { END } from "./shell.js";

/** Marks the line by which the guest says that it is up; the kernel's release stands behind it. */
export const READY = "ready ";

/** Acknowledges a line. */
export const ACCEPTED = "+";

/**
 * What process 1 of the guest does once its devices are there: it starts a shell for every host that is asked for, and
 * carries out orders.
 *
 * All shells share one line to the outside, for a User-Mode Linux kernel has interrupts for some twenty lines only
 * (NR_IRQS, two for each line). Lines to the guest are a host's number and an order: `new`, a shell in a network
 * namespace of its own; `type` and bytes in hexadecimal, for that shell; `adopt` and NICs; `echo`, and for each service its
 * protocol and its socket address in hexadecimal; `pulse`, for whether those or all other programs sleep. Lines from it are
 * a host's number and bytes in hexadecimal: what its shell says, and how other orders ended, as a shell's command ends.
 * Each line to the guest is acknowledged before the next is sent: a terminal that has more to hold than its reader took may
 * stop for good (line_throttle of arch/um/drivers/line.c).
 *
 * Numbers stand for what Perl has no word for without a module, and modules take longer to load than all else: system
 * calls on x86-64 and ia32, requests of ioctl (uapi/linux/sockios.h), netlink (uapi/linux/rtnetlink.h).
 */
export const HOSTS = String.raw`
my ($setns, $unshare) = $wide ? (308, 272) : (346, 310);
my $new_network = 0x40000000;
open my $home, "<", "/proc/self/ns/net";
socket my $route, 16, 3, 0;
my (%shell, %served, %input, %output, $all, $received);
vec($all, 0, 1) = 1;
$received = "";
sub start {
  my $host = shift;
  pipe my $in, $input{$host};
  pipe my $out, my $said;
  # Here and not in the child: when this returns, the host is there.
  syscall($unshare, $new_network) == 0 or die "unshare: $!";
  unless ($shell{$host} = fork) {
    open STDIN, "<&", $in;
    open STDOUT, ">&", $said;
    open STDERR, ">&", $said;
    exec "sh";
  }
  syscall($setns, fileno $home, $new_network) == 0 or die "setns: $!";
  $output{fileno $out} = [$host, $out];
  vec($all, fileno $out, 1) = 1;
}
# Moves NICs out of this namespace: RTM_NEWLINK with IFLA_NET_NS_PID, acknowledged.
sub adopt {
  my ($host, @nics) = @_;
  for my $nic (@nics) {
    my $request = pack "a16x24", $nic;
    ioctl $any, 0x8933, $request or return "$nic: $!";
    my $index = unpack "x16l", $request;
    send $route, pack("LSSLLCxSlLLSSL", 40, 16, 5, 1, 0, 0, 0, $index, 0, 0, 8, 19, $shell{$host}), 0;
    recv $route, my $answer, 4096, 0;
    $! = -unpack "x16l", $answer;
    return "$nic: $!" if $! != 0;
  }
  return "";
}
# Starts echo services, for each its protocol and its socket address; returns when all listen.
sub serve {
  my ($host, @services) = @_;
  pipe my $heard, my $said;
  unless (my $child = fork) {
    close $heard;
    open my $namespace, "<", "/proc/$shell{$host}/ns/net";
    syscall($setns, fileno $namespace, $new_network) == 0 or die "setns: $!";
    (%input, %output) = ();
    open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
    eval { echo($said, @services) };
    print $said $@;
    exit;
  } else {
    push @{$served{$host}}, $child;
  }
  close $said;
  local $/;
  return <$heard>;
}
sub echo {
  my $said = shift;
  my ($watched, %listening, %talking, %receiving, $bytes) = ("");
  while (my ($protocol, $hex) = splice @_, 0, 2) {
    my $address = pack "H*", $hex;
    my $tcp = $protocol eq "tcp";
    socket(my $server, unpack("S", $address), $tcp ? 1 : 2, 0) or die "socket: $!\n";
    setsockopt($server, 1, 2, 1);
    bind($server, $address) or die "bind $protocol: $!\n";
    if ($tcp) { listen($server, 1024) or die "listen: $!\n" }
    ($tcp ? $listening{fileno $server} : $receiving{fileno $server}) = $server;
    vec($watched, fileno $server, 1) = 1;
  }
  close $said;
  $SIG{PIPE} = "IGNORE";
  for (;;) {
    select(my $ready = $watched, undef, undef, undef);
    for (grep { vec($ready, $_, 1) } keys %receiving) {
      my $peer = recv($receiving{$_}, $bytes, 65535, 0);
      send($receiving{$_}, $bytes, 0, $peer) if defined $peer;
    }
    for (grep { vec($ready, $_, 1) } keys %talking) {
      next if sysread($talking{$_}, $bytes, 65536) and syswrite($talking{$_}, $bytes);
      vec($watched, $_, 1) = 0;
      close delete $talking{$_};
    }
    for (grep { vec($ready, $_, 1) } keys %listening) {
      accept(my $connection, $listening{$_}) or next;
      vec($watched, fileno $connection, 1) = 1;
      $talking{fileno $connection} = $connection;
    }
  }
}
# Of the host's echo services, or else of all that runs in it: how often each thread has gone to sleep or been put off;
# empty where one is awake.
sub pulse {
  my ($host) = @_;
  my $beats = "";
  for my $process ($served{$host} ? @{$served{$host}} : residents($host)) {
    for my $thread (numbered("/proc/$process/task")) {
      open my $file, "<", "/proc/$process/task/$thread/status" or return "";
      my $status = do { local $/; <$file> } // return "";
      return "" unless $status =~ /^State:\s+[STtZX]/m;
      $beats .= "$thread";
      $beats .= "+$1" while $status =~ /^(?:non)?voluntary_ctxt_switches:\s+(\d+)/mg;
      $beats .= " ";
    }
  }
  return $beats;
}
# The processes in a host's network namespace, its shell among them.
sub residents {
  my ($host) = @_;
  my $own = readlink "/proc/$shell{$host}/ns/net";
  return grep { (readlink("/proc/$_/ns/net") // "") eq $own } numbered("/proc");
}
sub numbered {
  opendir my $folder, $_[0] or return ();
  return grep { /^\d+$/ } readdir $folder;
}
sub say_of { print "$_[0] ", unpack("H*", $_[1]), "\n" }
sub ordered {
  my ($host, $order, @words) = @_;
  if ($order eq "new") { start($host) }
  elsif ($order eq "type") { syswrite $input{$host}, pack "H*", $words[0] }
  elsif ($order eq "pulse") { say_of($host, pulse($host) . "${END}0\n") }
  else {
    my $failure = $order eq "adopt" ? adopt($host, @words) : serve($host, @words);
    say_of($host, $failure . "${END}" . ($failure eq "" ? 0 : 1) . "\n");
  }
}
for (;;) {
  select(my $ready = $all, undef, undef, undef) > 0 or next;
  if (vec($ready, 0, 1)) {
    sysread(STDIN, $received, 65536, length $received) or exit;
    while ($received =~ s/^(.*)\n//) {
      ordered(split / /, $1);
      print "${ACCEPTED}\n";
    }
  }
  for my $fd (grep { vec($ready, $_, 1) } keys %output) {
    my ($host, $out) = @{$output{$fd}};
    if (sysread $out, my $bytes, 65536) { say_of($host, $bytes); next }
    vec($all, $fd, 1) = 0;
    delete $output{$fd};
  }
}
`;

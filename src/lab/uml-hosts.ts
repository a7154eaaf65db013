import { END } from "./shell.js";

/** Marks the line by which the guest says that it is up; the kernel's release stands behind it. */
export const READY = "ready ";

/** What `pulse` says where something is awake. */
export const AWAKE = "-";

/** Acknowledges a line. */
export const ACCEPTED = "+";

/**
 * What process 1 of the guest does once it is up: it carries out orders, one a line.
 *
 *     wire COUNT MTU          NICs for the guest
 *     new HOST                a host, which is a network namespace of that name
 *     adopt HOST NIC...       NICs of the guest move there
 *     sysctl HOST HEX         names and values of kernel settings, 0 between them
 *     echo HOST PROTOCOL HEX...   for each service its protocol and its socket address
 *     pulse HOST              whether all programs in it sleep; without a host, whether the echo services do
 *     dropped                 how many frames the guest has had no room for
 *     type HEX                for a shell
 *
 * Lines from it are bytes in hexadecimal: what the shell says, and how other orders ended, as a shell's command ends.
 *
 * One line for all, as a User-Mode Linux kernel has interrupts for some twenty only (NR_IRQS, two for each). What is
 * sent is acknowledged before more is: a terminal that has more to hold than its reader took may stop for good
 * (line_throttle of arch/um/drivers/line.c).
 *
 * A NIC of the guest has three parts: a veth pair, of which a host gets the one end, and the device that leads out of the
 * guest. That device leaves checksums to whoever reads its frames and cannot be told not to (vector_kern.c), which a
 * veth can: what comes out of the guest is then what a wire would carry.
 *
 * A new process takes the guest tens of milliseconds: this one does by itself what it can, and the shell and the one process
 * of all echo services are started before there is much to copy.
 *
 * Numbers stand for what Perl has no word for without a module, and modules take longer to load than all else: system
 * calls on x86-64 and ia32, requests of ioctl (uapi/linux/sockios.h), netlink (uapi/linux/rtnetlink.h).
 */
export const HOSTS = String.raw`
my ($setns, $unshare) = $wide ? (308, 272) : (346, 310);
my $new_network = 0x40000000;
open my $home, "<", "/proc/self/ns/net";
socket my $route, 16, 3, 0;
socket my $any, 2, 2, 0;
my (%network, $all, $received);
$received = "";
mkdir "/run/netns";
my ($server, $to_server, $from_server) = start_server();
my ($to_shell, $from_shell) = start_shell();
vec($all, $_, 1) = 1 for 0, fileno $from_shell;

sub enter { syscall($setns, fileno $_[0], $new_network) == 0 or die "setns: $!" }
sub new_host {
  my $host = shift;
  syscall($unshare, $new_network) == 0 or die "unshare: $!";
  open $network{$host}, "<", "/proc/self/ns/net" or die "namespace: $!";
  symlink "/proc/1/fd/" . fileno $network{$host}, "/run/netns/$host" or die "/run/netns/$host: $!";
  return "";
}
sub start_shell {
  pipe my $in, my $to;
  pipe my $from, my $said;
  defined(my $child = fork) or die "fork: $!";
  if ($child == 0) {
    open STDIN, "<&", $in;
    open STDOUT, ">&", $said;
    open STDERR, ">&", $said;
    exec "sh" or exit 127;
  }
  return ($to, $from);
}
# Runs a batch of commands; returns what is wrong with it, or nothing.
sub feed {
  my ($lines, $program) = @_;
  open my $batch, "|-", "$program -batch - 2> /tmp/said" or return "$program: $!";
  print $batch $lines;
  return "" if close $batch;
  open my $said, "<", "/tmp/said";
  local $/;
  return "$program: " . <$said>;
}
sub wire {
  my ($count, $mtu) = @_;
  my ($links, $redirects) = ("", "");
  for my $i (0 .. $count - 1) {
    $links .= "link add nic$i type veth peer name wire$i\n";
    $links .= "link set $_$i mtu $mtu up\n" for "wire", "vec";
    for (["wire$i", "vec$i"], ["vec$i", "wire$i"]) {
      $redirects .= "qdisc add dev $_->[0] ingress\n";
      $redirects .= "filter add dev $_->[0] ingress matchall action mirred egress redirect dev $_->[1]\n";
    }
  }
  my $failure = feed($links, "ip") || feed($redirects, "tc");
  # See disableOffloads.
  for my $nic (map { ("nic$_", "wire$_") } 0 .. $count - 1) {
    for my $offload (0x15, 0x17, 0x19, 0x1f, 0x24, 0x2c) {
      my $off = pack "LL", $offload, 0;
      ioctl $any, 0x8946, pack "a16P", $nic, $off;
    }
  }
  return $failure;
}
# RTM_NEWLINK with IFLA_NET_NS_FD, acknowledged.
sub adopt {
  my ($host, @nics) = @_;
  for my $nic (@nics) {
    my $request = pack "a16x24", $nic;
    ioctl $any, 0x8933, $request or return "$nic: $!";
    my $index = unpack "x16l", $request;
    send $route, pack("LSSLLCxSlLLSSL", 40, 16, 5, 1, 0, 0, 0, $index, 0, 0, 8, 28, fileno $network{$host}), 0;
    recv $route, my $answer, 4096, 0;
    $! = -unpack "x16l", $answer;
    return "$nic: $!" if $! != 0;
  }
  return "";
}
sub set_all {
  my ($host, $hex) = @_;
  my @settings = split /\0/, pack "H*", $hex;
  my $failure = "";
  enter($network{$host});
  while (my ($file, $value) = splice @settings, 0, 2) { $failure ||= set($file, $value) }
  return $failure;
}
sub serve {
  my ($host, @services) = @_;
  syswrite $to_server, join(" ", fileno $network{$host}, @services) . "\n";
  chomp(my $failure = <$from_server> // return "the process of the echo services has ended");
  return $failure;
}
sub start_server {
  pipe my $orders, my $to;
  pipe my $from, my $said;
  defined(my $child = fork) or die "fork: $!";
  if ($child == 0) {
    # Connections that nobody closes add up: RLIMIT_NOFILE by prlimit64.
    syscall($wide ? 302 : 340, 0, 7, my $limits = pack("QQ", 1 << 19, 1 << 19), 0);
    open STDIN, "<", "/dev/null"; open STDOUT, ">", "/dev/null"; open STDERR, ">", "/dev/null";
    select $said; $| = 1;
    echo($orders, $said);
  }
  select $to; $| = 1; select STDOUT;
  return ($child, $to, $from);
}
sub listen_at {
  my ($protocol, $hex) = @_;
  my $address = pack "H*", $hex;
  my $tcp = $protocol eq "tcp";
  socket(my $socket, unpack("S", $address), $tcp ? 1 : 2, 0) or die "socket: $!\n";
  setsockopt($socket, 1, 2, 1);
  bind($socket, $address) or die "bind $protocol: $!\n";
  $tcp and (listen($socket, 1024) or die "listen: $!\n");
  return $socket;
}
# Answers everything with what it was sent. A connection whose peer takes nothing is not read from until it does.
sub echo {
  my ($orders, $said) = @_;
  my ($read, $write, $bytes, %listening, %talking, %receiving, %owed) = ("", "");
  vec($read, fileno $orders, 1) = 1;
  $SIG{PIPE} = "IGNORE";
  my $end = sub {
    vec($_, $_[0], 1) = 0 for $read, $write;
    delete $owed{$_[0]};
    close delete $talking{$_[0]};
  };
  my $pay = sub {
    my ($fd) = @_;
    my $sent = send($talking{$fd}, $owed{$fd}, 0x40);
    return $end->($fd) unless defined $sent or $! == 11;
    substr($owed{$fd}, 0, $sent // 0) = "";
    my $owes = length $owed{$fd} > 0;
    vec($read, $fd, 1) = !$owes;
    vec($write, $fd, 1) = $owes;
  };
  for (;;) {
    select(my $readable = $read, my $writable = $write, undef, undef);
    for (grep { vec($readable, $_, 1) } keys %receiving) {
      my $peer = recv($receiving{$_}, $bytes, 65535, 0);
      send($receiving{$_}, $bytes, 0, $peer) if defined $peer;
    }
    for my $fd (keys %talking) {
      if (vec($writable, $fd, 1)) { $pay->($fd) }
      elsif (vec($readable, $fd, 1)) { sysread($talking{$fd}, $owed{$fd}, 65536) ? $pay->($fd) : $end->($fd) }
    }
    for (grep { vec($readable, $_, 1) } keys %listening) {
      accept(my $connection, $listening{$_}) or next;
      vec($read, fileno $connection, 1) = 1;
      $talking{fileno $connection} = $connection;
    }
    if (vec($readable, fileno $orders, 1)) {
      defined(my $order = <$orders>) or exit;
      my ($network, @services) = split " ", $order;
      eval {
        open my $namespace, "<", "/proc/1/fd/$network" or die "$!\n";
        enter($namespace);
        while (my ($protocol, $hex) = splice @services, 0, 2) {
          my $socket = listen_at($protocol, $hex);
          ($protocol eq "tcp" ? $listening{fileno $socket} : $receiving{fileno $socket}) = $socket;
          vec($read, fileno $socket, 1) = 1;
        }
      };
      chomp(my $failure = $@);
      enter($home);
      print $said "$failure\n";
    }
  }
}
# Of all that runs in a host, or else of the echo services: how often each thread has gone to sleep or been put off;
# "${AWAKE}" where one is awake, or the echo services have ended.
sub pulse {
  my ($host) = @_;
  my $beats = "";
  my $asleep = defined $host ? qr/^State:\s+[STtZX]/m : qr/^State:\s+[STt]/m;
  for my $process (defined $host ? residents($host) : $server) {
    for my $thread (numbered("/proc/$process/task")) {
      open my $file, "<", "/proc/$process/task/$thread/status" or return "${AWAKE}";
      my $status = do { local $/; <$file> } // return "${AWAKE}";
      return "${AWAKE}" unless $status =~ $asleep;
      $beats .= "$thread";
      $beats .= "+$1" while $status =~ /^(?:non)?voluntary_ctxt_switches:\s+(\d+)/mg;
      $beats .= " ";
    }
  }
  return $beats;
}
# The processes in a host's network namespace.
sub residents {
  my $own = readlink "/proc/self/fd/" . fileno $network{$_[0]};
  return grep { (readlink("/proc/$_/ns/net") // "") eq $own } numbered("/proc");
}
sub numbered {
  opendir my $folder, $_[0] or return ();
  return grep { /^\d+$/ } readdir $folder;
}
# By its NICs, received or sent, and in the queue of its CPU: columns of /proc/net/dev behind the interface's name, and of
# /proc/net/softnet_stat.
sub dropped {
  my $sum = 0;
  open my $devices, "<", "/proc/net/dev";
  while (<$devices>) { $sum += $_ for /^\s*vec\d+:(.*)/ ? (split " ", $1)[3, 11] : () }
  open my $queues, "<", "/proc/net/softnet_stat";
  while (<$queues>) { $sum += hex((split)[1]) }
  return $sum;
}
sub say { print unpack("H*", $_[0]), "\n" }
my %carry_out = (wire => \&wire, new => \&new_host, adopt => \&adopt, sysctl => \&set_all, echo => \&serve);
sub ordered {
  my ($order, @words) = @_;
  if ($order eq "type") { syswrite $to_shell, pack "H*", $words[0] }
  elsif ($order eq "pulse") { say(pulse(@words) . "${END}0\n") }
  elsif ($order eq "dropped") { say(dropped() . "${END}0\n") }
  else {
    my $failure = eval { $carry_out{$order}->(@words) } // "$order: $@";
    enter($home);
    say($failure . "${END}" . ($failure eq "" ? 0 : 1) . "\n");
  }
}
sub serve_orders {
  for (;;) {
    select(my $ready = $all, undef, undef, undef) > 0 or next;
    if (vec($ready, 0, 1)) {
      sysread(STDIN, $received, 65536, length $received) or exit;
      # An empty line only wakes this kernel.
      $received =~ s/^\n+//;
      while ($received =~ s/^(.+)\n+//) {
        ordered(split / /, $1);
        print "${ACCEPTED}\n";
      }
    }
    if (vec($ready, fileno $from_shell, 1)) {
      sysread $from_shell, my $bytes, 65536 or exit;
      say($bytes);
    }
  }
}
`;

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { execa } from "execa";

const main = fileURLToPath(new URL("./main.js", import.meta.url));
const cases = ["dr", "nat", "tun"].map((model) =>
  fileURLToPath(new URL(`../../cases/${model}/request.yaml`, import.meta.url)),
);
const MODULES = "veth bridge af_packet tun ipip ip_vs ip_vs_rr ip_vs_wrr ip_vs_sh";

/**
 * A machine whose own kernel has ip_vs and ipip: a User-Mode Linux guest that has this machine's files, in which hopcheck
 * runs as it would on the metal.
 */
describe("a run where the host's kernel has ip_vs and ipip", function () {
  this.timeout(180_000);

  const folder = mkdtempSync(join(tmpdir(), "hopcheck-host-"));
  after(() => rmSync(folder, { recursive: true }));

  it("uses that kernel for director and real servers, in all three models", async () => {
    const output = await insideGuest(`${process.execPath} ${main} run ${cases.join(" ")} --reporter list`);
    expect(output).to.match(/3 passed · 0 failed · 0 inconclusive/);
    expect(output).to.include("in the host's kernel");
    expect(output).to.match(/^STATUS 0$/m);
  });

  it("builds its lab on a kernel without IPv6 as well", async () => {
    const output = await insideGuest(
      `[ -e /proc/sys/net/ipv6 ] && echo IPV6; ${process.execPath} ${main} run ${cases[0]} --director reference --reporter list`,
      "ipv6.disable=1",
    );
    expect(output).not.to.match(/^IPV6$/m);
    expect(output).to.match(/1 passed · 0 failed · 0 inconclusive/);
    expect(output).to.match(/^STATUS 0$/m);
  });

  async function insideGuest(command: string, ...parameters: readonly string[]): Promise<string> {
    const init = join(folder, "init");
    const script = `#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
modules=/run/modules/lib/modules
mkdir -p $modules
ln -s /usr/lib/uml/modules/$(uname -r) $modules/$(uname -r)
for module in ${MODULES}; do modprobe -d /run/modules $module || echo "cannot load $module"; done
ip link set lo up
cd /
${command}
echo "STATUS $?"
poweroff -f
`;
    writeFileSync(init, script, { mode: 0o755 });
    const { all } = await execa(
      "linux.uml",
      [
        ...["mem=1500M", "root=/dev/root", "rootfstype=hostfs", "rootflags=/", "ro", "quiet"],
        ...[`init=${init}`, `uml_dir=${folder}/`, "con=null", "con0=null,fd:1", ...parameters],
      ],
      { all: true, reject: false, timeout: 150_000, killSignal: "SIGKILL", stdin: "ignore" },
    );
    return (all ?? "").replaceAll("\r", "");
  }
});

/**
 * The part of `npm run bench` about captures: `hopcheck verify`, `tshark -T fields` and a loop in C over libpcap on the same
 * packets, one core each, in turn. Times are of the processor: others on the machine make it wait, but not work. tshark
 * gets the first packets alone, and its rate stands for the rest.
 *
 *     node dist/bench-verify.js [rounds] [packets]
 */
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { line, median } from "./bench-figures.js";
import { makeCaptures } from "./capture/made-captures.js";

const main = fileURLToPath(new URL("./cli/main.js", import.meta.url));
const source = fileURLToPath(new URL("../fixtures/bench/libpcap-loop.c", import.meta.url));
const ROUNDS = Number(process.argv[2] ?? 3);
const PACKETS = Number(process.argv[3] ?? 5_000_000);
const SLICE = 300_000;
/** Bytes on disk that a packet takes, its record's header included. */
const BYTES = 380;
const FIELDS = ["ip.src", "ip.dst", "ip.proto", "ip.id", "ip.ttl", "ip.len", "tcp.srcport", "tcp.dstport"];

/** Prints the peak of the whole process, all its threads included, when it ends. */
const TELL_PEAK = `process.on("exit", () => process.stderr.write("peak " + process.resourceUsage().maxRSS + "\\n"))`;

interface Cost {
  readonly cpuSeconds: number;
  readonly wallSeconds: number;
  /** Bytes. */
  readonly peak: number;
}

const free = statfsSync(tmpdir());
if (free.bavail * free.bsize < PACKETS * BYTES * 1.5)
  throw new Error(`${tmpdir()} needs ${Math.ceil((PACKETS * BYTES * 1.5) / 1e9)} GB free for the captures`);
const folder = mkdtempSync(join(tmpdir(), "hopcheck-bench-"));
try {
  await compare();
} finally {
  rmSync(folder, { recursive: true });
}

async function compare(): Promise<void> {
  const loop = join(folder, "loop");
  await execa("cc", ["-O2", "-o", loop, source, "-lpcap"]);
  const [large, fifth, slice] = [PACKETS, PACKETS / 5, SLICE].map((frames) => {
    return makeCaptures({ folder: join(folder, String(frames)), frames, connections: Math.ceil(frames / 100) });
  }) as [ReturnType<typeof makeCaptures>, ReturnType<typeof makeCaptures>, ReturnType<typeof makeCaptures>];
  const verify = (setup: string, cores: string) =>
    cost([cores, process.execPath, main, "verify", setup, "--reporter", "json", "--out", join(folder, "out")]);
  const rows = { c: [] as Cost[], one: [] as Cost[], all: [] as Cost[], fifth: [] as Cost[], tshark: [] as Cost[] };
  const every = `0-${availableParallelism() - 1}`;
  for (let round = 0; round < ROUNDS; round++) {
    rows.c.push(await cost(["0", loop, ...large.files]));
    rows.one.push(await verify(large.setup, "0"));
    rows.all.push(await verify(large.setup, every));
    rows.fifth.push(await verify(fifth.setup, every));
    rows.tshark.push(await tshark(slice.files));
  }
  const cpu = (costs: readonly Cost[]) => median(costs.map(({ cpuSeconds }) => cpuSeconds));
  const wall = (costs: readonly Cost[]) => median(costs.map(({ wallSeconds }) => wallSeconds));
  const peak = (costs: readonly Cost[]) => Math.max(...costs.map((one) => one.peak)) / 1e6;
  const rate = (frames: number, seconds: number) => frames / seconds / 1000;
  const tsharkWhole = (cpu(rows.tshark) / slice.frames) * large.frames;
  line("verify: packets in the captures", large.frames, "");
  line("loop in C over libpcap, one core: CPU", cpu(rows.c), "s");
  line("verify, one core: CPU", cpu(rows.one), "s");
  line("verify, one core: start to exit", wall(rows.one), "s");
  line(`verify, ${availableParallelism()} cores: start to exit`, wall(rows.all), "s");
  line("verify, one core: packets", rate(large.frames, cpu(rows.one)), "k/s");
  line(`tshark -T fields, first ${slice.frames} packets: packets`, rate(slice.frames, cpu(rows.tshark)), "k/s");
  line("verify / loop in C, CPU", cpu(rows.one) / cpu(rows.c), "×");
  line("tshark (extrapolated) / verify, CPU", tsharkWhole / cpu(rows.one), "×");
  line(`verify: peak memory, ${fifth.frames} packets`, peak(rows.fifth), "MB");
  line(`verify: peak memory, ${large.frames} packets`, Math.max(peak(rows.one), peak(rows.all)), "MB");
}

async function tshark(files: readonly string[]): Promise<Cost> {
  const fields = FIELDS.flatMap((field) => ["-e", field]);
  const costs: Cost[] = [];
  for (const file of files) costs.push(await cost(["0", "tshark", "-r", file, "-n", "-T", "fields", ...fields]));
  return costs.reduce((sum, next) => ({
    cpuSeconds: sum.cpuSeconds + next.cpuSeconds,
    wallSeconds: sum.wallSeconds + next.wallSeconds,
    peak: Math.max(sum.peak, next.peak),
  }));
}

/** What a program costs on some cores; its output is thrown away. */
async function cost([cores = "0", ...command]: readonly string[]): Promise<Cost> {
  const started = performance.now();
  const timed = `TIMEFORMAT="cpu %U %S"; time "$@" >/dev/null`;
  const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(TELL_PEAK)}` };
  const { stderr } = await execa("bash", ["-c", timed, "bash", "taskset", "-c", cores, ...command], { env });
  const [, user = "", system = ""] = /^cpu (\S+) (\S+)$/m.exec(stderr) ?? [];
  const peaks = [...stderr.matchAll(/^peak (\d+)$/gm)].map(([, kibibytes]) => Number(kibibytes) * 1024);
  return {
    cpuSeconds: Number(user) + Number(system),
    wallSeconds: (performance.now() - started) / 1000,
    peak: Math.max(0, ...peaks),
  };
}

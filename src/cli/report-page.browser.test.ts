import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { pcapngBytes } from "../capture/pcapng.js";
import { decode } from "../packet/packet.js";
import { poisoned } from "../report/html/render.test-support.js";
import { readResult } from "../report/json.js";
import type { RunResult, ScenarioResult } from "../report/result.js";
import { runVerdict } from "../report/verdict.js";
import { writePage, writeReport } from "../report/write.js";
import { Browser, seriousFaults, shown, WIDTHS } from "./browser.test-support.js";
import { judged } from "./verify-files.js";
import { bySetup } from "./verify-subject.js";
import { version } from "./version.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const FIXTURES = ["dr-good", "dr-vip-answered", "nat-good", "nat-bad-checksum", "tun-mtu-hang"];

/** Captures judged as the command does it, put together into one run. */
async function judgedRun(folder: string): Promise<RunResult> {
  const options = { capture: [], profile: "extended", reporter: ["json"] } as const;
  const scenarios: ScenarioResult[] = [];
  for (const name of FIXTURES) {
    const setup = `fixtures/captures/${name}/setup.yaml`;
    const subject = await bySetup(join(root, setup), []);
    const scenario = judged(subject, options, `hopcheck verify ${setup}`, join(folder, name));
    scenarios.push({ ...scenario, file: setup, capture: `${name}/${scenario.capture}` });
  }
  const tool = { name: "hopcheck", version } as const;
  const startedAt = "2026-01-02T03:04:05.000Z";
  return { schemaVersion: 1, tool, verdict: runVerdict(scenarios), startedAt, durationMs: 1234, scenarios };
}

describe("the report in a browser", () => {
  let folder: string;
  let result: RunResult;
  let browser: Browser;
  const file = (...names: string[]) => join(folder, ...names);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "hopcheck-browser-"));
    result = await judgedRun(folder);
    await writeReport(result, folder);
    browser = await Browser.launch();
  });
  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => browser.checkQuiet());

  const open = (hash = "", options = {}) => browser.open(file("index.html"), hash, options);
  const titles = (page: Page) =>
    page.locator(".scenarios a").evaluateAll((links) => links.map((link) => link.firstChild?.textContent));
  const hashOf = (page: Page) => new URL(page.url()).hash;

  it("says the verdict and what is broken, first of all", async () => {
    const page = await open();
    expect(await shown(page.locator("h1"))).to.match(/fail$/);
    expect(await shown(page.locator(".broken h3").first())).to.contain(
      "A real server never answers a broadcast who-has for the VIP",
    );
    expect(await shown(page.locator(".broken"))).to.contain("sysctl -w net.ipv4.conf.all.arp_ignore=1");
  });

  it("filters by verdict, model, rule and text, and keeps the filter in the address", async () => {
    const page = await open();
    expect(await titles(page)).to.have.lengthOf(FIXTURES.length);
    await page.locator(".chip.pass").click();
    const passing = result.scenarios.filter(({ verdict }) => verdict === "pass");
    expect(await titles(page)).to.have.lengthOf(passing.length);
    await page.getByRole("combobox", { name: "Model" }).selectOption("nat");
    expect(hashOf(page)).to.equal("#/?status=pass&model=nat");
    expect(await titles(page)).to.deep.equal(["Captures of client, director/eth0, director/eth1, rs1, and rs2"]);
    await page.reload();
    expect(await titles(page)).to.have.lengthOf(1);
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("combobox", { name: "Rule" }).selectOption("DR-ARP-02");
    expect(await page.locator(".scenarios .file").allTextContents()).to.include(
      "fixtures/captures/dr-vip-answered/setup.yaml",
    );
    await page.goto("about:blank");
    const other = await open("#/?text=mtu-hang");
    expect(await shown(other.locator(".filters [role=status]"))).to.equal(`1 of ${FIXTURES.length} scenarios`);
  });

  it("leads from a violation to its frame, its field and its bytes", async () => {
    const page = await open();
    await page.locator(".broken h3 a", { hasText: "Clients reach the VIP at the director's MAC" }).click();
    const finding = page.locator(".finding:focus");
    expect(await shown(finding.locator("h3"))).to.contain("DR-ARP-08");
    await finding.locator(".frames a").first().click();
    const cell = page.locator("td.violation.selected");
    expect(await shown(cell)).to.contain("02:00:0a:00:00:0b");
    expect(await shown(page.locator("mark.violation.selected"))).to.equal("02 00 0a 00 00 0b");
    expect(await shown(page.locator(".journeys [aria-current]"))).to.contain("✗ 1 violation");
    // Another value of the same packet shows its own bytes.
    await page.locator("td.allowed a").first().click();
    expect(await shown(page.locator("mark.selected").last())).to.match(/^([0-9a-f]{2} ?)+$/);
    await cell.waitFor({ state: "detached" });
    await page.goBack();
    await cell.waitFor();
  });

  it("copies a command", async () => {
    const page = await open("#/scenario/2");
    await page.getByRole("button", { name: "Copy: Mend" }).first().click();
    await page.getByText("Copied").waitFor();
    await page.context().grantPermissions(["clipboard-read"]);
    expect(await page.evaluate("navigator.clipboard.readText()")).to.equal("sysctl -w net.ipv4.conf.all.arp_ignore=1");
  });

  it("gives frames that tshark reads, with what was judged of them", async () => {
    const page = await open("#/scenario/2?finding=2");
    const tshark = (path: string, ...args: string[]) =>
      execFileSync("tshark", ["-r", path, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
    const save = async (name: string) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name }).click()]);
      const path = file(download.suggestedFilename());
      await download.saveAs(path);
      return path;
    };
    const comments = ["-T", "fields", "-e", "frame.comment"];

    const packet = await save("Packet as pcapng");
    expect(tshark(packet, ...comments))
      .to.contain("DR-ARP-08 failed")
      .and.contain("suspect: rs1");
    expect(tshark(packet, "-Y", "_ws.malformed")).to.equal("");

    const all = await save("All taps");
    expect(readFileSync(all).equals(readFileSync(file("dr-vip-answered/captures/judged.pcapng")))).to.equal(true);

    const tap = await save("rs1");
    const interfaces = tshark(tap, "-T", "fields", "-e", "frame.interface_name").trim().split("\n");
    expect(interfaces.length).to.be.greaterThan(5);
    expect(new Set(interfaces)).to.deep.equal(new Set(["rs1"]));

    const setup = await save("Scenario file");
    expect(readFileSync(setup, "utf8")).to.equal(
      readFileSync(join(root, "fixtures/captures/dr-vip-answered/setup.yaml"), "utf8"),
    );
  });

  it("tells of a rule, its source, its scenarios and the fault that proves it", async () => {
    const page = await open("#/scenario/2");
    await page.locator(".finding a.rule").first().click();
    const text = await shown(page.locator("main"));
    expect(text)
      .to.contain("A broadcast who-has for the VIP is not answered by a real server")
      .and.contain("arp_ignore (ip-sysctl)");
    expect(text)
      .to.match(/\d+ scenarios? exercises? it/)
      .and.match(/\d+ faults? that proves? it/);
    await page.locator(".rule-page section a").first().click();
    expect(await shown(page.locator("h1"))).to.contain("Captures of");
  });

  it("is used by keyboard alone", async () => {
    const page = await open();
    await page.keyboard.press("j");
    await page.waitForURL(({ hash }) => hash === "#/scenario/1");
    await page.locator(".scenario").waitFor();
    await page.keyboard.press("n");
    await page.locator(".journeys li:nth-child(2) [aria-current]").waitFor();
    await page.keyboard.press("o");
    await page.locator(".broken").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL(({ hash }) => hash !== "#/scenario/1" && hash !== "");
  });

  for (const [theme, view] of ["light", "dark"].flatMap((theme) =>
    [
      ["overview", ""],
      ["scenario", "#/scenario/2?journey=1"],
      ["rules", "#/rules"],
      ["rule", "#/rule/DR-ARP-02"],
    ].map((view) => [theme, view] as const),
  ) as ["light" | "dark", [string, string]][]) {
    it(`has no serious fault of accessibility: ${view[0]}, ${theme}`, async () => {
      const page = await open(view[1], { colorScheme: theme });
      await page.locator("main h1").waitFor();
      expect(await seriousFaults(page)).to.deep.equal([]);
      await browser.picture(page, `${view[0]}-${theme}`);
    });
  }

  it("fits on a phone", async () => {
    for (const [name, hash] of [
      ["overview", ""],
      ["scenario", "#/scenario/2"],
      ["rule", "#/rule/DR-ARP-02"],
    ] as const) {
      const page = await open(hash, { viewport: { width: WIDTHS.phone, height: 800 } });
      await page.locator("main h1").waitFor();
      const width = await page.evaluate("document.documentElement.scrollWidth");
      expect(width, name).to.be.at.most(WIDTHS.phone);
      await browser.picture(page, `${name}-phone`);
    }
  });

  it("changes its colours at the press of a button, and remembers them", async () => {
    const page = await open("", { colorScheme: "light" });
    const ground = () => page.evaluate("getComputedStyle(document.documentElement).backgroundColor");
    const light = await ground();
    await page.getByRole("button", { name: "Theme: system" }).click();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    const dark = await ground();
    expect(dark).not.to.equal(light);
    await page.reload();
    await page.getByRole("button", { name: "Theme: dark" }).waitFor();
    expect(await ground()).to.equal(dark);
  });

  it("can be read without scripts", async () => {
    const page = await open("", { javaScriptEnabled: false });
    expect(await shown(page.locator("h1"))).to.match(/fail$/);
    expect(await titles(page)).to.have.lengthOf(FIXTURES.length);
    const finding = page.locator(".unscripted .finding", { hasText: "DR-ARP-08" });
    expect(await shown(finding))
      .to.contain("02:00:0a:00:00:0b (rs1)")
      .and.contain("sysctl net.ipv4.conf.all.arp_ignore");
    expect(await page.locator("button:visible").count()).to.equal(0);
    await page.locator(".scenarios a").nth(1).click();
    expect(await shown(page.locator(":target"))).to.contain("DR-ARP-02");
  });

  it("obeys nothing that packets, files or directors say", async () => {
    const hostile = `</script><script>alert(1)</script><img/src=x/onerror=alert(2)>\u202e\x1b[31m`;
    const out = file("hostile");
    await writeReport({ ...poisoned(result, hostile), schemaVersion: 1 }, out);
    for (const hash of ["", "#/scenario/2", "#/rules", `#/rule/${encodeURIComponent(hostile)}`]) {
      const page = await browser.open(join(out, "index.html"), hash);
      await page.locator("main h1").waitFor();
      const text = await shown(page.locator("main"));
      expect(text).to.contain("<img/src=x/onerror=alert(2)>");
      expect(text).not.to.match(/[^\n\t\P{Cc}]|\p{Cf}/u);
    }
  });

  it("opens with 2,000 scenarios, in less than 30 MB, with their evidence beside it", async () => {
    const out = file("large");
    const scenarios = Array.from({ length: 2000 }, (_, index) => {
      const scenario = result.scenarios[index % result.scenarios.length] as ScenarioResult;
      return { ...scenario, title: `${scenario.title}, time ${index + 1}`, capture: `../${scenario.capture}` };
    });
    mkdirSync(out);
    await writePage({ ...result, scenarios }, out);
    const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
    const sizes = files.map((one) => statSync(join(one.parentPath, one.name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.lessThan(30_000_000);
    const page = await browser.open(join(out, "index.html"), "");
    await page.locator(".scenarios li").nth(1999).waitFor();
    await page.locator("#filter").fill("time 1997");
    await page.locator(".scenarios a").click();
    await page.locator(".walk").waitFor();
    expect(await shown(page.locator("h1"))).to.contain("time 1997");
  });

  it("says so where the evidence beside it is missing", async () => {
    const page = await browser.open(file("large/index.html"), "");
    rmSync(file("large/index.evidence/7.js"));
    await page.evaluate("location.hash = '#/scenario/7'");
    expect(await shown(page.locator(".problem"))).to.equal(
      "The packets of this scenario are in index.evidence/7.js beside this page, which is missing or is another run's.",
    );
    browser.expectNoise(/ERR_FILE_NOT_FOUND/);
  });

  for (const [name, verdict] of [
    ["good", "pass"],
    ["broken", "fail"],
  ] as const) {
    it(`opens the example of a ${name} set-up, which is small`, async () => {
      const example = join(root, "reports/example", name);
      expect(readResult(readFileSync(join(example, "results.json"), "utf8"), name).verdict).to.equal(verdict);
      const files = readdirSync(example, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
      const sizes = files.map((one) => statSync(join(one.parentPath, one.name)).size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).to.be.lessThan(1_500_000);
      const page = await browser.open(join(example, "index.html"), "#/scenario/1");
      await page.locator(".network .host").first().waitFor();
      await page.keyboard.press("o");
      await page.locator(".head").waitFor();
      expect(await shown(page.locator("h1"))).to.match(new RegExp(`${verdict}$`));
    });
  }

  it("opens the example of several directors, whose reasons lie where their cells lead, on a phone as well", async () => {
    const example = join(root, "reports/example/directors/compare.html");
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await browser.open(example, "", { colorScheme });
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).to.equal(true);
      const declared = page.locator("td a").first();
      await declared.click();
      const target = page.locator("tr:target");
      expect(await shown(target)).to.contain(await shown(declared.locator("xpath=ancestor::tr/th/code")));
      expect(await seriousFaults(page)).to.deep.equal([]);
      await page.setViewportSize({ width: WIDTHS.phone, height: 844 });
      expect(await page.evaluate("document.documentElement.scrollWidth <= innerWidth")).to.equal(true);
      expect(await seriousFaults(page)).to.deep.equal([]);
      await browser.picture(page, `directors-${colorScheme}`);
    }
  });

  it("has the frames of the packets shown where a capture is too long for it, and says how many there are", async () => {
    const out = file("long");
    const [scenario] = result.scenarios;
    const hop = scenario?.journeys[0]?.hops[0];
    if (scenario === undefined || hop === undefined) throw new Error("the first fixture shows no packet");
    const bytes = Buffer.from(hop.bytes, "hex");
    const frames = Array.from({ length: 20_000 }, (_, index) => ({
      ...{ number: index + 1, tap: hop.tap, host: hop.host, direction: hop.direction, time: BigInt(index) },
      ...{ bytes, wireLength: bytes.length, checksumReady: undefined, packet: decode(bytes) },
    }));
    const { captureFrames: _, ...rest } = scenario;
    const journeys = [{ title: "one", hops: [{ ...hop, frames: [7] }] }];
    mkdirSync(out);
    writeFileSync(join(out, "long.pcapng"), pcapngBytes(frames, "a test"));
    await writePage({ ...result, scenarios: [{ ...rest, journeys, capture: "long.pcapng" }] }, out);
    const page = await browser.open(join(out, "index.html"), "#/scenario/1");
    expect(await shown(page.locator(".downloads")))
      .to.contain("All taps, 1 frame")
      .and.contain("The capture has 20000 frames; this page has those of the packets shown.");
    expect(statSync(join(out, "index.html")).size).to.be.lessThan(1_000_000);
  });
});

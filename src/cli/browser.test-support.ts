import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { expect } from "chai";
import {
  type BrowserContextOptions,
  chromium,
  type Locator,
  type Page,
  type Browser as Started,
} from "playwright-core";

export const WIDTHS = { phone: 390 };

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures go, to be looked at; git ignores it. */
const PICTURES = fileURLToPath(new URL("../../reports/pictures/", import.meta.url));

/** Debian's Chromium, which notes what a page must not do. */
export class Browser {
  readonly #browser: Started;
  /** What pages said or asked for since the last check. */
  #noise: string[] = [];

  private constructor(browser: Started) {
    this.#browser = browser;
  }

  static async launch(): Promise<Browser> {
    return new Browser(await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] }));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  /** Opens a file as a double click does, in a window of its own. */
  async open(file: string, hash: string, options: BrowserContextOptions = {}): Promise<Page> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()));
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const address = pathToFileURL(file).href;
    const folder = address.slice(0, address.lastIndexOf("/") + 1);
    page.on("console", (message) => this.#noise.push(`console: ${message.text()}`));
    page.on("pageerror", (error) => this.#noise.push(`error: ${error.message}`));
    page.on("dialog", (dialog) => {
      this.#noise.push(`dialog: ${dialog.message()}`);
      return dialog.dismiss();
    });
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(folder) && !url.startsWith("blob:")) this.#noise.push(`request: ${url}`);
    });
    await page.goto(`${address}${hash}`);
    return page;
  }

  /** Nothing on the console, no dialog, no request but for what lies beside the page. */
  checkQuiet(): void {
    const noise = this.#noise;
    this.#noise = [];
    expect(noise).to.deep.equal([]);
  }

  /** What was said is what should be said. */
  expectNoise(pattern: RegExp): void {
    const noise = this.#noise;
    this.#noise = [];
    expect(noise.join("\n")).to.match(pattern);
  }

  async picture(page: Page, name: string, fullPage = true): Promise<void> {
    mkdirSync(PICTURES, { recursive: true });
    await page.screenshot({ path: `${PICTURES}${name}.png`, fullPage });
  }
}

/** The text that a reader sees: none of what is hidden. */
export function shown(what: Locator): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: that has what is hidden as well
  return what.innerText();
}

/** What axe-core calls serious or critical, in a line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = (await page.evaluate(`axe.run({ resultTypes: ["violations"] })`)) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
}

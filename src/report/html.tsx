import { readFileSync } from "node:fs";
import { renderToStaticMarkup } from "preact-render-to-string";
import { evidenceOf, pageData } from "./html/build.js";
import { pack, packFrames } from "./html/pack.js";
import { Page } from "./html/page.js";
import { RECEIVER } from "./html/unpack.js";
import type { RunResult, ScenarioResult } from "./result.js";
import { allVisible } from "./visible.js";

/** Characters of packed evidence that a page holds itself; of more, each scenario's lies in a file of its own. */
const IN_PAGE = 4_000_000;

/** A page and what has to lie beside it. */
export interface Report {
  readonly page: string;
  /** Texts by their path from the page's folder. */
  readonly beside: ReadonlyMap<string, string>;
}

/** The bytes of a scenario's capture; undefined where there is none. */
export type CaptureReader = (scenario: ScenarioResult) => Uint8Array | undefined;

/**
 * The result as a page for people, which needs no network and no server. A large run's evidence lies beside it.
 * Text from packets and files is shown, never obeyed: preact escapes markup, `allVisible` what a browser does not show.
 */
export function renderReport(result: RunResult, readCapture: CaptureReader, mostInPage = IN_PAGE): Report {
  const visible = allVisible(result);
  const evidence = visible.scenarios.map((scenario, index) => {
    const capture = readCapture(scenario);
    const frames = capture === undefined ? undefined : packFrames(scenario, capture);
    // What is downloaded is no text to look at: it has to stay as it is.
    const fileText = result.scenarios[index]?.fileText;
    return pack({ ...evidenceOf(scenario, frames), ...(fileText === undefined ? {} : { fileText }) });
  });
  const isBeside = evidence.reduce((sum, { length }) => sum + length, 0) > mostInPage;
  const page = renderToStaticMarkup(
    <Page result={visible} data={pageData(visible)} script={clientScript()} {...(isBeside ? {} : { evidence })} />,
  );
  const files = isBeside
    ? evidence.map(
        (packed, index) => [`index.evidence/${index + 1}.js`, `${RECEIVER}(${index + 1},"${packed}")\n`] as const,
      )
    : [];
  return { page: `<!doctype html>\n${page}\n`, beside: new Map(files) };
}

/** The result as one page without the frames of its captures, however large it becomes. */
export function renderHtml(result: RunResult): string {
  return renderReport(result, () => undefined, Number.POSITIVE_INFINITY).page;
}

let script: string | undefined;

/** The page's script, which the set-up bundles once the code is compiled. */
function clientScript(): string {
  const file = new URL("./html/client.bundle.js", import.meta.url);
  try {
    script ??= readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error("the report's script is not built: run `node src/setup.mjs`", { cause: error });
  }
  return script;
}

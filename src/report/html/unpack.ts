import type { ScenarioEvidence } from "./data.js";

/** Name of the function that a file of evidence calls, since a page from the file system can fetch none. */
export const RECEIVER = "hopcheckEvidence";

const received = new Map<number, string>();

/** The evidence of a scenario: out of the page, or out of the file beside it. */
export async function loadEvidence(scenario: number): Promise<ScenarioEvidence> {
  const inPage = document.getElementById(`evidence-${scenario + 1}`)?.textContent;
  const packed = inPage ? (JSON.parse(inPage) as string) : await fromFile(scenario);
  if (typeof DecompressionStream === "undefined")
    throw new Error("This browser cannot unpack the packets: it has no DecompressionStream. A newer one can.");
  const stream = new Blob([fromBase64(packed)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return (await new Response(stream).json()) as ScenarioEvidence;
}

export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function fromFile(scenario: number): Promise<string> {
  const known = received.get(scenario);
  if (known !== undefined) return Promise.resolve(known);
  Object.assign(globalThis, { [RECEIVER]: (number: number, packed: string) => received.set(number - 1, packed) });
  const file = `index.evidence/${scenario + 1}.js`;
  const script = document.createElement("script");
  script.src = file;
  return new Promise((resolve, reject) => {
    const missing = () =>
      reject(
        new Error(
          `The packets of this scenario are in ${file} beside this page, which is missing or is another run's.`,
        ),
      );
    script.addEventListener("error", missing);
    script.addEventListener("load", () => {
      const packed = received.get(scenario);
      if (packed === undefined) missing();
      else resolve(packed);
    });
    document.head.append(script);
  });
}

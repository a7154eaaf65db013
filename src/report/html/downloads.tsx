import { count } from "../format.js";
import { captureLink, frameKey, namesOfHop } from "../link.js";
import type { JourneyResult } from "../result.js";
import type { PackedFrames, PageScenario, ScenarioEvidence } from "./data.js";
import { takeFrames } from "./pcapng-blocks.js";
import { fromBase64 } from "./unpack.js";

interface DownloadsProps {
  readonly scenario: PageScenario;
  readonly evidence: ScenarioEvidence;
}

/** The scenario's file, and its frames as Wireshark takes them, by tap. */
export function Downloads({ scenario, evidence }: DownloadsProps) {
  const { frames, capture, fileText } = evidence;
  const taps = [...new Set(frames?.names.map(({ tap }) => tap))];
  const base = baseName(scenario.file);
  const link = capture === undefined ? undefined : captureLink(capture);
  return (
    <div class="downloads">
      <p>
        {fileText !== undefined && (
          <Save name={scenario.file.split("/").at(-1) ?? base} what={() => fileText}>
            Scenario file
          </Save>
        )}
        {frames && (
          <Save name={`${base}.pcapng`} what={() => fromBase64(frames.pcapng)}>
            All taps, {count(frames.names.length, "frame")}
          </Save>
        )}
        {frames &&
          taps.map((tap) => (
            <Save
              key={tap}
              name={`${base}-${fileName(tap)}.pcapng`}
              what={() => takeFrames(fromBase64(frames.pcapng), (index) => frames.names[index]?.tap === tap)}
            >
              {tap}
            </Save>
          ))}
      </p>
      {capture !== undefined && (
        <p class="quiet">
          {frames?.of !== undefined &&
            `The capture has ${frames.of} frames; this page has those of the packets shown. `}
          All of it: {link ? <a href={link}>{capture}</a> : <code>{capture}</code>}
          {frames === undefined && " (it did not lie beside this page when the page was written, so it is not in it)"}
        </p>
      )}
    </div>
  );
}

/** The frames of one journey. */
export function JourneyDownload({
  journey,
  frames,
  name,
}: {
  readonly journey: JourneyResult;
  readonly frames: PackedFrames;
  readonly name: string;
}) {
  const wanted = new Set(journey.hops.flatMap((hop) => namesOfHop(hop).map(frameKey)));
  const isWanted = (index: number) => {
    const frame = frames.names[index];
    return frame !== undefined && wanted.has(frameKey(frame));
  };
  return (
    <Save name={`${name}.pcapng`} what={() => takeFrames(fromBase64(frames.pcapng), isWanted)}>
      Packet as pcapng
    </Save>
  );
}

interface SaveProps {
  readonly name: string;
  readonly what: () => string | Uint8Array<ArrayBuffer>;
  readonly children: preact.ComponentChildren;
}

/** A button that saves what the page holds. */
function Save({ name, what, children }: SaveProps) {
  const save = () => {
    const address = URL.createObjectURL(new Blob([what()], { type: "application/octet-stream" }));
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return (
    <button type="button" class="save" onClick={save}>
      <span aria-hidden="true">↓ </span>
      {children}
    </button>
  );
}

/** What files of a scenario are called. */
export function baseName(file: string): string {
  return fileName(file.replace(/^.*\//, "").replace(/\.\w+$/, ""));
}

function fileName(text: string): string {
  return text.replaceAll(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "frames";
}

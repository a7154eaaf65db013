import { useState } from "preact/hooks";

/** A command as it is to be typed, with the button that copies it. */
export function Command({
  label,
  command,
  on,
}: {
  readonly label: string;
  readonly command: string;
  readonly on?: string | undefined;
}) {
  return (
    <div class="typed">
      <p>
        {label}
        {on !== undefined && (
          <>
            {" "}
            on <b>{on}</b>
          </>
        )}
      </p>
      <div class="command">
        <pre>
          <code>{command}</code>
        </pre>
        <Copy text={command} what={label} />
      </div>
    </div>
  );
}

/** A button that puts a text into the clipboard, and says that it did. */
function Copy({ text, what }: { readonly text: string; readonly what: string }) {
  const [said, say] = useState("");
  const act = async () => {
    say((await copied(text)) ? "Copied" : "Copy it by hand");
    setTimeout(() => say(""), 2000);
  };
  return (
    <button type="button" class="copy scripted" onClick={act} aria-label={`Copy: ${what}`}>
      <span role="status">{said || "Copy"}</span>
    </button>
  );
}

/** Browsers that give pages from the file system no clipboard still obey the old command. */
async function copied(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    document.body.append(area);
    area.select();
    const isDone = document.execCommand("copy");
    area.remove();
    return isDone;
  }
}

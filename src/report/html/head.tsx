import { createHash } from "node:crypto";
import { STYLE } from "./style.js";

interface HeadProps {
  readonly title: string;
  /** The one script of the page; left out: it has none. */
  readonly script?: string;
  /** Whether that script asks for evidence beside the page. */
  readonly isBeside?: boolean;
}

/** The head of a page that needs nothing else, and lets nothing else in. */
export function Head({ title, script, isBeside = false }: HeadProps) {
  return (
    <head>
      <meta charset="utf-8" />
      <meta http-equiv="Content-Security-Policy" content={policy(script, isBeside)} />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="referrer" content="no-referrer" />
      <title>{`${title} – hopcheck`}</title>
      {/* A constant of ours; escaped, it would be no CSS. */}
      <style dangerouslySetInnerHTML={{ __html: STYLE }} />
    </head>
  );
}

/**
 * Nothing may be loaded or run but the one style sheet and the one script, which are admitted by their hashes.
 * Evidence beside the page is a script as well, since a page from the file system can fetch nothing else; browsers
 * check no hash of such a file (integrity takes CORS), so that the script alone may ask for it: `strict-dynamic`.
 */
function policy(script: string | undefined, isBeside: boolean): string {
  return [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src '${hash(script)}'${isBeside ? " 'strict-dynamic'" : ""}`]),
    `style-src '${hash(STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
}

function hash(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

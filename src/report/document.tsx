import { createHash } from "node:crypto";
import type { ComponentChildren } from "preact";
import { renderToStaticMarkup } from "preact-render-to-string";
import { STYLE } from "./html/style.js";

/** Nothing may be loaded or run; the one style sheet is admitted by its hash. */
const POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** A page without a script, in the report's style, that needs nothing else. */
export function renderDocument(title: string, children: ComponentChildren): string {
  return `<!doctype html>\n${renderToStaticMarkup(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content={POLICY} />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{`${title} – hopcheck`}</title>
        {/* A constant of ours; escaped, it would be no CSS. */}
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
      </head>
      <body>
        <p class="brand">hopcheck</p>
        {children}
      </body>
    </html>,
  )}\n`;
}

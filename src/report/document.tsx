import type { ComponentChildren } from "preact";
import { renderToStaticMarkup } from "preact-render-to-string";
import { Head } from "./html/head.js";

/** A page without a script, in the report's style, that needs nothing else. */
export function renderDocument(title: string, children: ComponentChildren): string {
  return `<!doctype html>\n${renderToStaticMarkup(
    <html lang="en">
      <Head title={title} />
      <body>
        <p class="brand">hopcheck</p>
        {children}
      </body>
    </html>,
  )}\n`;
}

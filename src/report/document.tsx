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

interface SectionProperties {
  readonly title: string;
  /** `matrix`: many narrow columns, whose heads stay in view. */
  readonly kind?: "matrix";
  readonly head: readonly string[];
  readonly children: ComponentChildren;
}

/** A table with its title, wide ones with a bar to move them by. */
export function Section({ title, kind, head, children }: SectionProperties) {
  return (
    <section class={kind === undefined ? "overview" : `overview ${kind}`}>
      <h2>{title}</h2>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <section class="scroll" tabIndex={0} aria-label={title}>
        <table>
          <thead>
            <tr>
              {head.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{children}</tbody>
        </table>
      </section>
    </section>
  );
}

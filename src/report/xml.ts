import { DOMImplementation, type Document, type Element, XMLSerializer } from "@xmldom/xmldom";

/** An XML element as plain data. */
export interface XmlElement {
  readonly name: string;
  /** Those that are undefined are left out. */
  readonly attributes?: Readonly<Record<string, string | number | undefined>>;
  /** Elements, or one text. */
  readonly content?: readonly XmlElement[] | string;
}

/**
 * A whole XML 1.0 document, each element on a line of its own.
 * @param root whose texts have been made visible: what XML may not have at all has no way to be written
 * @throws {Error} where a text has such a character all the same
 */
export function renderXml(root: XmlElement): string {
  const document = new DOMImplementation().createDocument(null, root.name);
  const top = document.documentElement as Element;
  fill(document, top, root, "\n");
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(top, { requireWellFormed: true })}\n`;
}

/** @param indent the line break before the element itself */
function fill(document: Document, node: Element, { attributes = {}, content = [] }: XmlElement, indent: string): void {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined) node.setAttribute(name, String(value));
  if (typeof content === "string") {
    node.appendChild(document.createTextNode(content));
    return;
  }
  for (const child of content) {
    const element = document.createElement(child.name);
    node.appendChild(document.createTextNode(`${indent}  `));
    node.appendChild(element);
    fill(document, element, child, `${indent}  `);
  }
  if (content.length > 0) node.appendChild(document.createTextNode(indent));
}

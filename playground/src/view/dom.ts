/** Typed access to elements of the page. A missing one is an error: the page's author forgot it. */

type Kind<E extends Element> = abstract new () => E

export function byId<E extends Element>(id: string, kind: Kind<E>): E {
  const found = document.getElementById(id)
  if (found instanceof kind) return found
  throw new Error(`The page has no ${kind.name} with the id ${id}`)
}

export function within<E extends Element>(parent: ParentNode, selector: string, kind: Kind<E>): E {
  const found = parent.querySelector(selector)
  if (found instanceof kind) return found
  throw new Error(`There is no ${kind.name} at ${selector}`)
}

/** Makes an element with attributes, and children or text. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value)
  element.append(...children)
  return element
}

/** Sets text only where it differs: setting it makes the browser lay out again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

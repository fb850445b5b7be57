/** How the desk's scripts make elements (the chat's own helper) and its line drawings. */

export { h, uuid } from '../chat/dom.js';

const SVG = 'http://www.w3.org/2000/svg';
const ICONS = {
  web: 'M4 5h16v11H9l-4 4v-4H4z',
  whatsapp: 'M5 19l1.200-3.600A7.500 7.500 0 1 1 9 18.200zM9.500 9c0 3 2.500 5.500 5.500 5.500l1-1.800-2-1-1 .800c-1-.500-1.500-1-2-2l.800-1-1-2z',
  fine: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12.500l3 3 5-6',
  soon: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  late: 'M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.200',
  warning: 'M12 4 2.800 20h18.400zM12 10v4.500M12 17.300v.200',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.500 11h13v9h-13z',
  hand: 'M4 12h13M12 6l6 6-6 6',
  note: 'M5 4h14v11l-5 5H5zM14 20v-5h5M8.500 8.500h7M8.500 12h4',
  check: 'M5 12.500 10 17 19 7',
  double: 'M2.500 12.500 7 17l8.500-10M11 16l1.500 1 9-10',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.600-4.400 3.800-6.500 8-6.500s7.400 2.100 8 6.500',
  bot: 'M6.500 19.500V11a5.500 5.500 0 0 1 11 0v8.500M4.500 19.500h15M12 12.800h.010',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5.500M12 7.600v.100',
  cup: 'M5 9h11v6a4 4 0 0 1-4 4H9a4 4 0 0 1-4-4zM16 10.500h1.500a2.500 2.500 0 0 1 0 5H16M8 3v3M12 3v3',
  back: 'M15 5l-7 7 7 7',
  send: 'M4 12 20 4l-5 16-3.500-6.500z',
  phone: 'M6 3h4l1.500 5-2.500 1.500a11 11 0 0 0 5.500 5.500L16 12.500l5 1.500v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z',
  cross: 'M6 6l12 12M18 6 6 18',
};

/** A line drawing by name, hidden from screen readers: the words beside it carry the meaning. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [key, value] of Object.entries({ viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true', focusable: 'false' }))
    svg.setAttribute(key, value);
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}

/** Brings a list's children up to date: a node is made anew only when what it shows has changed. */
export class Keyed {
  #parent;
  #nodes = new Map();

  constructor(parent) {
    this.#parent = parent;
  }

  /** `wanted`: `{key, shows, make()}` in order. Returns the keys that are new. */
  update(wanted) {
    const added = [];
    const nodes = wanted.map(({ key, shows, make }) => {
      const signature = JSON.stringify(shows);
      const known = this.#nodes.get(key);
      if (known?.signature === signature) return known.node;
      const node = make();
      if (known) replaceKeepingFocus(known.node, node);
      else added.push(key);
      this.#nodes.set(key, { node, signature });
      return node;
    });
    const keys = new Set(wanted.map(({ key }) => key));
    for (const [key, { node }] of this.#nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.#nodes.delete(key);
    }
    nodes.forEach((node, index) => {
      const there = this.#parent.children[index];
      if (there !== node) this.#parent.insertBefore(node, there ?? null);
    });
    while (this.#parent.children.length > nodes.length) this.#parent.lastElementChild.remove();
    return added;
  }

  node(key) {
    return this.#nodes.get(key)?.node;
  }
}

/** Whoever stands on a button of the old node stands on the same button of the new one. */
function replaceKeepingFocus(old, fresh) {
  const name = old.contains(document.activeElement) ? document.activeElement.dataset.focus : null;
  old.replaceWith(fresh);
  if (name) fresh.querySelector(`[data-focus="${name}"]`)?.focus({ preventScroll: true });
}

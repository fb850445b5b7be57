/** The two helpers with which the other modules make elements; text is always set as text, never as markup. */

const SVG = 'http://www.w3.org/2000/svg';

/** An element with attributes (`on…` functions become listeners; null, undefined and false are left out). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const ICONS = {
  send: 'M4 12 20 4l-5 16-3.5-6.5z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  check: 'M5 12.5 10 17 19 7',
  dot: 'M12 12h.01',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z',
  warning: 'M12 4 2.8 20h18.4zM12 10v4.5M12 17.3v.2',
  down: 'M12 5v14M6 13l6 6 6-6',
  expand: 'M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.6-4.4 3.8-6.5 8-6.5s7.4 2.1 8 6.5',
  phone: 'M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 18h2',
  screen: 'M4 5h16v11H4zM9 20h6M12 16v4',
  again: 'M5 12a7 7 0 1 0 2.2-5.100M5 4v4h4',
};

function shape(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function drawing(className, ...shapes) {
  const svg = shape('svg', { viewBox: '0 0 24 24', class: className, 'aria-hidden': 'true', focusable: 'false' });
  svg.append(...shapes);
  return svg;
}

/** A line drawing by name, hidden from screen readers: the words beside it carry the meaning. */
export function icon(name) {
  return drawing('icon', shape('path', { d: ICONS[name] }));
}

/** Our own monogram: a doorway with a warm light, for the assistant; a person for an agent. */
export function avatar(author) {
  if (author === 'agent') return drawing('avatar agent', shape('path', { d: ICONS.person }));
  return drawing(
    'avatar bot',
    shape('path', { class: 'arch', d: 'M6.5 19.500V11a5.5 5.5 0 0 1 11 0v8.5' }),
    shape('path', { class: 'sill', d: 'M4.5 19.500h15' }),
    shape('circle', { class: 'light', cx: '12', cy: '12.8', r: '2.1' }),
  );
}

/** A version 4 UUID, also where `crypto.randomUUID` is missing because the page is on plain http. */
export function uuid() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

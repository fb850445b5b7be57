/** Shortcuts of one key, none of which fires while somebody types; they can be turned off (WCAG 2.1.4). */

import { remembered } from './data.js';
import { h } from './dom.js';
import { TEXTS } from './it.js';

const acts = new Map();
let first = null; // `g`, waiting for the second key
let timer = 0;

/** What a key does on this page: `key('r', act)`. */
export function key(name, act) {
  acts.set(name, act);
}

export function startKeys() {
  const wants = document.getElementById('wants-keys');
  if (wants) {
    wants.checked = remembered.get('keys', true);
    wants.addEventListener('change', () => remembered.set('keys', wants.checked));
    document.getElementById('show-keys').addEventListener('click', help);
  }
  key('?', help);
  key('g c', () => location.pathname !== '/desk' && location.assign('/desk'));
  document.addEventListener('keydown', pressed);
}

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (!remembered.get('keys', true) || isTyping(event.target) || document.querySelector('dialog[open]')) return;
  const name = first ? `${first} ${event.key}` : event.key;
  first = null;
  clearTimeout(timer);
  if (name === 'g') {
    first = 'g';
    timer = setTimeout(() => (first = null), 1500);
    return;
  }
  const act = acts.get(name);
  if (!act) return;
  event.preventDefault();
  act();
}

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || target.closest('input, textarea, select, [role=listbox], [role=combobox]'));
}

/** The list of shortcuts. */
export function help() {
  const before = document.activeElement;
  const rows = TEXTS.keys.list.map(([keys, what]) =>
    h('div', {}, h('dt', {}, keys.flatMap((one, index) => (index ? [` ${TEXTS.keys.then} `, h('kbd', {}, one)] : [h('kbd', {}, one)]))), h('dd', {}, what)),
  );
  const heading = h('h2', { id: 'keys-title', tabindex: '-1' }, TEXTS.keys.title);
  const close = h('button', { class: 'button', autofocus: true }, TEXTS.keys.close);
  const dialog = h(
    'dialog',
    { class: 'secure desk-dialog', 'aria-labelledby': 'keys-title', onclose: () => (dialog.remove(), before?.isConnected && before.focus()) },
    heading,
    h('p', { class: 'hint' }, remembered.get('keys', true) ? TEXTS.keys.hint : TEXTS.keys.off),
    h('dl', { class: 'keys' }, rows),
    h('form', { method: 'dialog', class: 'dialog-actions' }, close),
  );
  document.body.append(dialog);
  dialog.showModal();
}

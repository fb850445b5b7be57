/** A sheet that comes up from the phone's lower edge: a modal dialog, laid over the phone on a desktop. */

import { h } from '/static/chat/dom.js';
import { icon } from './icons.js';
import { TEXTS } from './it.js';

/** Opens it; `make(close)` gives the content. Returns when it is closed, and gives the focus back. */
export function openSheet(title, make, actions = null) {
  const close = () => dialog.close();
  const dialog = h(
    'dialog',
    { class: 'sheet', 'aria-labelledby': 'sheet-title' },
    h('header', {}, h('h2', { id: 'sheet-title' }, title), h('button', { type: 'button', class: 'round', 'aria-label': TEXTS.chat.close, onclick: close }, icon('close'))),
    h('div', { class: 'content', tabindex: '0', role: 'group', 'aria-labelledby': 'sheet-title' }, make(close)),
    actions && h('div', { class: 'actions' }, actions(close)),
  );
  return show(dialog, () => dialog.remove());
}

/** Shows a dialog as a sheet over the phone. */
export function show(dialog, onclose = () => {}) {
  const before = document.activeElement;
  if (!dialog.isConnected) document.body.append(dialog);
  const place = () => lay(dialog);
  place();
  addEventListener('resize', place);
  dialog.addEventListener('click', (event) => event.target === dialog && dialog.close());
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener(
      'close',
      () => {
        removeEventListener('resize', place);
        onclose();
        if (before?.isConnected) before.focus({ preventScroll: true });
        resolve();
      },
      { once: true },
    ),
  );
}

function lay(dialog) {
  const screen = document.querySelector('#screen').getBoundingClientRect();
  const values = { '--left': screen.left, '--bottom': innerHeight - screen.bottom, '--width': screen.width, '--height': screen.height };
  for (const [name, value] of Object.entries(values)) dialog.style.setProperty(name, `${value}px`);
  dialog.classList.toggle('in-frame', screen.width < innerWidth);
}

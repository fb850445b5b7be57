/** A dialog with a question and a confirmation: opened modal, closed by Escape, and focus goes back where it was. */

import { h } from './dom.js';
import { TEXTS } from './it.js';

/**
 * `fields()` makes the content; `confirm(form)` does it and may throw: then `explain(error)` says why, and the dialog
 * stays open. Resolves to true when it was done.
 */
export function ask({ title, lead, fields = () => [], confirm, label, explain = () => TEXTS.dialogs.failed, danger = false }) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    let done = false;
    const trouble = h('p', { class: 'field-error', role: 'alert', hidden: true });
    const go = h('button', { class: danger ? 'button danger' : 'button' }, label);
    const form = h(
      'form',
      {
        onsubmit: async (event) => {
          event.preventDefault();
          if (go.getAttribute('aria-disabled') === 'true') return;
          go.setAttribute('aria-disabled', 'true');
          trouble.hidden = true;
          try {
            await confirm(form);
            done = true;
            element.close();
          } catch (error) {
            trouble.textContent = explain(error);
            trouble.hidden = false;
          } finally {
            go.removeAttribute('aria-disabled');
          }
        },
      },
      fields(),
      trouble,
      h('div', { class: 'dialog-actions' }, go, h('button', { type: 'button', class: 'button outline', onclick: () => element.close() }, TEXTS.dialogs.cancel)),
    );
    const heading = h('h2', { id: 'dialog-title', tabindex: '-1' }, title);
    const element = h(
      'dialog',
      {
        class: 'secure desk-dialog',
        'aria-labelledby': 'dialog-title',
        onclose: () => {
          element.remove();
          if (before?.isConnected) before.focus({ preventScroll: true });
          resolve(done);
        },
      },
      heading,
      lead ? h('p', { class: 'dialog-lead' }, lead) : null,
      form,
    );
    document.body.append(element);
    element.showModal();
    heading.focus();
  });
}

/** Words for a refusal that any action may meet. */
export function refusalWords(error) {
  const words = TEXTS.dialogs.refused[error.code];
  if (typeof words === 'function') return words(error.answer?.agent_name);
  return words ?? TEXTS.dialogs.failed;
}

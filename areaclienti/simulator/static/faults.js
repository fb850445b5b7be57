/** What goes wrong on purpose, as a handful of switches; those that happen once switch themselves off. */

import { h } from '/static/chat/dom.js';
import { ask } from './api.js';
import { TEXTS } from './it.js';

const T = TEXTS.faults;

/** Each switch: how it is seen in the simulator's faults, and how it is put there. */
const SWITCHES = {
  duplicates: { isOn: ({ webhooks }) => webhooks.duplicates > 0, put: (faults, on) => (faults.webhooks.duplicates = on ? 2 : 0) },
  reversed: { isOn: ({ webhooks }) => webhooks.hold > 1, put: (faults, on) => Object.assign(faults.webhooks, { hold: on ? 2 : 0, release: 'reversed' }) },
  lost: { isOn: ({ graph }) => graph.lost_answers > 0, put: (faults, on) => (faults.graph.lost_answers = on ? 1 : 0) },
  errors: { isOn: ({ graph }) => graph.errors.length > 0, put: (faults, on) => (faults.graph.errors = on ? [{ code: 131056, times: 2 }] : []) },
  statuses: { isOn: ({ statuses }) => statuses.backwards, put: (faults, on) => (faults.statuses.backwards = on) },
};

export class Faults {
  #boxes = {};
  #queue = Promise.resolve(); // one switch after the other: each is put into what the one before left
  #waiting = 0;

  constructor() {
    const line = (name) => {
      this.#boxes[name] = h('input', { type: 'checkbox', onchange: (event) => this.#set(name, event.target.checked) });
      return h('label', { class: 'switch' }, this.#boxes[name], T[name]);
    };
    this.element = h('details', { class: 'faults' }, h('summary', {}, h('span', { class: 'grow' }, T.title)), h('fieldset', {}, h('legend', { class: 'unseen' }, T.title), Object.keys(SWITCHES).map(line)));
  }

  async look() {
    this.#show(await ask('GET', '/faults'));
  }

  #set(name, on) {
    this.#busy(1);
    this.#queue = this.#queue.then(() => this.#put(name, on)).finally(() => this.#busy(-1));
  }

  #busy(change) {
    this.#waiting += change;
    this.element.setAttribute('aria-busy', String(this.#waiting > 0));
  }

  async #put(name, on) {
    try {
      const faults = await ask('GET', '/faults');
      SWITCHES[name].put(faults, on);
      this.#show(await ask('PUT', '/faults', faults));
    } catch {
      this.#boxes[name].checked = !on;
    }
  }

  #show(faults) {
    for (const [name, { isOn }] of Object.entries(SWITCHES)) this.#boxes[name].checked = isOn(faults);
  }
}

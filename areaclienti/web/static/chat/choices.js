/** The buttons under a message of the assistant; once answered they stay readable, with the chosen one marked. */

import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

/** `open` says whether they may be pressed; `chosen` is an id or null; `onChoose` gets the choice. */
export function choices(list, { open, chosen, onChoose }) {
  const button = (choice) => {
    const isChosen = choice.id === chosen;
    return h(
      'button',
      { type: 'button', class: isChosen ? 'choice chosen' : 'choice', onclick: () => onChoose(choice) },
      isChosen && icon('check'),
      h('span', {}, choice.title),
      isChosen && h('span', { class: 'unseen' }, ` ${TEXTS.choices.chosen}`),
    );
  };
  return h(
    'fieldset',
    { class: 'choices', disabled: !open },
    h('legend', { class: 'unseen' }, TEXTS.choices.legend),
    list.map(button),
  );
}

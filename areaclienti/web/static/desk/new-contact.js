/** "Nuovo recapito" beside a conversation: asks for a contact that a second person of the agency confirms. */

import { Refused, call } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { announce, banner, hide } from './frame.js';

const button = document.getElementById('new-contact');
const talk = document.getElementById('talk');
const TEXTS = JSON.parse(document.getElementById('new-contact-texts').textContent);

/** Only for who has the conversation; the page says so as it changes hands. */
function follow() {
  button.hidden = talk.dataset.mine !== 'true';
}

class NotTaken extends Error {}

async function open() {
  let told = '';
  const done = await ask({
    title: TEXTS.title,
    lead: TEXTS.lead,
    fields: () =>
      h(
        'div',
        { class: 'field' },
        h('label', { for: 'new-contact-value' }, TEXTS.label),
        h('input', { id: 'new-contact-value', name: 'contact', type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', maxlength: '200', required: true, 'aria-describedby': 'new-contact-hint' }),
        h('p', { class: 'hint', id: 'new-contact-hint' }, TEXTS.hint),
      ),
    label: TEXTS.send,
    async confirm(form) {
      const answer = await call('POST', `/handovers/${talk.dataset.handover}/new-contact`, { contact: form.elements.contact.value });
      if (answer.outcome !== 'requested') throw new NotTaken(answer.outcome);
      told = TEXTS.requested.replace('{contact}', answer.masked);
    },
    explain(error) {
      const code = error instanceof Refused ? error.code : error.message;
      return TEXTS[code] ?? TEXTS.failed;
    },
  });
  if (!done) return;
  announce(told);
  banner('new-contact', { text: told, tone: 'info' });
  setTimeout(() => hide('new-contact'), 12_000);
}

new MutationObserver(follow).observe(talk, { attributes: true, attributeFilter: ['data-mine'] });
button.addEventListener('click', open);
follow();

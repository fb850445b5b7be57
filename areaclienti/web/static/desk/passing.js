/** The ways in which a conversation leaves an agent: back to the assistant, to somebody else, into the queue, to its end. */

import { call } from './api.js';
import { WORDS } from './data.js';
import { ask, refusalWords } from './dialog.js';
import { h } from './dom.js';
import { TEXTS } from './it.js';

/** The first words of the assistant after a hand-back, as its responses have them. */
export function preview(settled, missing) {
  const words = WORDS.hand_back;
  const list = (codes, names) => joined(codes.map((code) => names[code]).filter(Boolean), words.and);
  const known = list(settled, words.settled);
  const open = missing.length ? list(missing, words.missing) : TEXTS.dialogs.handBack.knows;
  return (known ? words.both : words.only_missing).replace('{settled}', known).replace('{missing}', open);
}

function joined(names, and) {
  return names.length > 1 ? `${names.slice(0, -1).join(', ')}${and}${names.at(-1)}` : names.join('');
}

export function handBack(id, card, codes) {
  const T = TEXTS.dialogs.handBack;
  const steps = Object.entries(WORDS.steps);
  const select = h('select', { id: 'hand-back-step' }, steps.map(([step, name]) => h('option', { value: step, selected: step === card.resume_step }, name)));
  const boxes = (legend, group, names, hint) =>
    h(
      'fieldset',
      { class: 'boxes', 'data-group': group },
      h('legend', {}, legend),
      hint ? h('p', { class: 'hint' }, hint) : null,
      codes[group].map((code) => h('label', {}, h('input', { type: 'checkbox', name: group, value: code }), h('span', {}, names[code]))),
    );
  const said = h('blockquote', { class: 'preview-said' });
  const then = h('p', { class: 'hint' });
  const shown = h('section', { class: 'preview', 'aria-live': 'polite' }, h('h3', {}, T.preview), said, then);
  const ticked = (form, group) => [...form.querySelectorAll(`input[name=${group}]:checked`)].map(({ value }) => value);
  const content = h(
    'div',
    { class: 'hand-back', oninput: () => draw() },
    h('div', { class: 'field' }, h('label', { for: 'hand-back-step' }, T.step), select),
    h('div', { class: 'two' }, boxes(T.settled, 'settled', WORDS.settled), boxes(T.missing, 'missing', WORDS.missing, T.missingHint)),
    shown,
  );
  const draw = () => {
    said.textContent = preview(ticked(content, 'settled'), ticked(content, 'missing'));
    then.textContent = T.then(WORDS.steps[select.value]);
  };
  draw();
  return ask({
    title: T.title,
    lead: T.lead,
    fields: () => content,
    label: T.confirm,
    confirm: (form) => call('POST', `/handovers/${id}/hand-back`, { step: select.value, settled: ticked(form, 'settled'), missing: ticked(form, 'missing') }),
    explain: refusalWords,
  });
}

export async function passOn(id, card, agencyName) {
  const T = TEXTS.dialogs.transfer;
  const { agents } = await call('GET', '/agents').catch(() => ({ agents: [] }));
  const option = (value, label, detail, checked = false) =>
    h('label', { class: 'option' }, h('input', { type: 'radio', name: 'to', value, required: true, checked }), h('span', {}, label, detail ? h('span', { class: 'hint' }, detail) : null));
  return ask({
    title: T.title,
    lead: T.lead,
    label: T.confirm,
    fields: () => [
      h(
        'fieldset',
        { class: 'boxes' },
        h('legend', {}, T.colleagues),
        agents.length
          ? agents.map((one) => option(`agent:${one.id}`, one.name, `${WORDS.presence[one.presence]} · ${T.load(one.load, one.capacity)}${one.agency_code ? ` · ${one.agency_code}` : ''}`))
          : h('p', { class: 'hint' }, T.none),
      ),
      h(
        'fieldset',
        { class: 'boxes' },
        h('legend', {}, T.places),
        card.agency_code ? option(`agency:${card.agency_code}`, T.agency(agencyName ?? card.agency_code)) : null,
        option('pool:', T.pool),
      ),
    ],
    confirm: (form) => {
      const [kind, value] = new FormData(form).get('to').split(/:(.*)/);
      const body = { agent: { agent_id: value }, agency: { agency_code: value }, pool: {} }[kind];
      return call('POST', `/handovers/${id}/transfer`, body);
    },
    explain: (error) => (error.code === 'unknown' ? T.gone : refusalWords(error)),
  });
}

export function release(id) {
  const T = TEXTS.dialogs.release;
  return ask({ title: T.title, lead: T.lead, label: T.confirm, confirm: () => call('POST', `/handovers/${id}/release`), explain: refusalWords });
}

export function conclude(id, codes) {
  const T = TEXTS.dialogs.close;
  return ask({
    title: T.title,
    lead: T.lead,
    label: T.confirm,
    fields: () =>
      h(
        'fieldset',
        { class: 'boxes' },
        h('legend', {}, T.outcome),
        codes.outcomes.map((code) => h('label', { class: 'option' }, h('input', { type: 'radio', name: 'outcome', value: code, required: true }), h('span', {}, WORDS.outcomes[code]))),
      ),
    confirm: (form) => call('POST', `/handovers/${id}/close`, { outcome: new FormData(form).get('outcome') }),
    explain: refusalWords,
  });
}

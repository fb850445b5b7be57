/** The first screen: from which phone one writes. */

import { h } from '/static/chat/dom.js';
import { TEXTS } from './it.js';

const T = TEXTS.who;

/** `choose(person)` is called with `{mobile, name, email, story}`. */
export function whoScreen(people, choose) {
  return h(
    'div',
    { class: 'who', tabindex: '0', role: 'region', 'aria-label': T.title },
    h('h2', {}, T.title),
    people.length > 0 && h('p', { class: 'hint' }, T.intro),
    h('ul', { class: 'people' }, people.map((person) => h('li', {}, card(person, choose))), h('li', {}, card({ mobile: null, name: T.hidden, story: T.hiddenStory }, choose))),
    h('h3', { id: 'own-title' }, T.own),
    ownNumber(choose),
  );
}

/** A number as people read it. */
export function spaced(mobile) {
  return mobile?.replace(/^(\+39)(\d{3})(\d{3})(\d+)$/, '$1 $2 $3 $4') ?? '';
}

function card(person, choose) {
  const initials = person.mobile ? person.name.split(/\s+/).slice(0, 2).map((word) => word[0]).join('').toUpperCase() : '?';
  return h(
    'button',
    { type: 'button', class: 'someone', onclick: () => choose({ ...person, name: person.mobile ? person.name : T.customer }) },
    h('span', { class: 'initials', 'aria-hidden': 'true' }, initials),
    h('b', {}, person.name),
    person.mobile && h('span', { class: 'number' }, spaced(person.mobile)),
    h('span', { class: 'story' }, person.story),
  );
}

function ownNumber(choose) {
  const name = h('input', { name: 'name', autocomplete: 'off', maxlength: '80', value: T.me });
  const number = h('input', { name: 'number', type: 'tel', autocomplete: 'off', placeholder: '320 123 4600', 'aria-describedby': 'own-problem' });
  const problem = h('p', { class: 'problem', id: 'own-problem', role: 'alert', hidden: true });
  const submit = (event) => {
    event.preventDefault();
    const mobile = e164(number.value);
    problem.hidden = Boolean(mobile);
    problem.textContent = mobile ? '' : T.wrongNumber;
    number.setAttribute('aria-invalid', String(!mobile));
    if (mobile) choose({ mobile, name: name.value.trim() || T.me });
    else number.focus();
  };
  return h(
    'form',
    { class: 'own', novalidate: true, 'aria-labelledby': 'own-title', onsubmit: submit },
    h('label', {}, T.name, name),
    h('label', {}, T.number, number),
    problem,
    h('button', { class: 'strong' }, T.use),
  );
}

/** A mobile as typed, with +39 where no country is given; null when it is none. */
function e164(typed) {
  const digits = typed.replace(/[\s./()-]/g, '').replace(/^00/, '+');
  const whole = digits.startsWith('+') ? digits : `+39${digits}`;
  return /^\+39(3\d{8,9})$/.test(whole) || (/^\+[1-9]\d{6,14}$/.test(whole) && !whole.startsWith('+39')) ? whole : null;
}

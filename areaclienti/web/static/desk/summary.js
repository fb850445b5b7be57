/** The card beside the conversation: why a person is needed and, after who it is (given.js), which checks failed. */

import { call } from './api.js';
import { reasonOf, urgencyTag } from './cards.js';
import { duration, time } from './clock.js';
import { WORDS } from './data.js';
import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

export class Summary {
  #place;
  #why;
  #handover;
  #card = null;
  #found = null;
  #failed = false;
  #shown = '';

  /** `why` takes the reason and where it stopped, `place` what identity knows. */
  constructor(place, why, handover) {
    this.#place = place;
    this.#why = why;
    this.#handover = handover;
    this.load();
  }

  /** What identity knows, null until it was asked. */
  get known() {
    return this.#found;
  }

  async load() {
    try {
      this.#found = await call('GET', `/handovers/${this.#handover}/summary`);
      this.#failed = false;
    } catch {
      this.#failed = true;
    }
    this.#draw();
    document.dispatchEvent(new CustomEvent('desk:summary'));
  }

  update(card) {
    this.#card = card;
    this.#draw();
  }

  #draw() {
    if (!this.#card) return;
    const signature = JSON.stringify([this.#card.reason, this.#card.owner, this.#card.resume_step, waited(this.#card), this.#found, this.#failed]);
    if (signature === this.#shown) return;
    this.#shown = signature;
    this.#why.removeAttribute('aria-busy');
    this.#why.replaceChildren(...this.#reason());
    this.#place.replaceChildren(...this.#parts().filter(Boolean));
  }

  #reason() {
    const card = this.#card;
    const T = TEXTS.summary;
    const isWaiting = ['queued', 'offered', 'callback'].includes(card.owner);
    return [
      h('p', { class: 'summary-reason' }, icon('person'), reasonOf(card)),
      facts([
        [T.waited, [waited(card), isWaiting && card.owner !== 'callback' ? [' ', urgencyTag(card)] : null]],
        [T.step, WORDS.steps[card.resume_step] ?? card.resume_step],
        [T.channel, WORDS.channels[card.channel] ?? card.channel],
      ]),
    ];
  }

  #parts() {
    const found = this.#found;
    const T = TEXTS.summary;
    return [
      this.#failed && !found
        ? h('p', { class: 'summary-trouble' }, TEXTS.summary.unavailable, ' ', h('button', { type: 'button', class: 'link', onclick: () => this.load() }, T.retry))
        : null,
      found
        ? facts([
            [T.registration, WORDS.registrations[found.registration] ?? found.registration],
            [T.identified, h('span', { class: 'with-icon' }, icon(found.identified ? 'fine' : 'info'), found.identified ? T.yes : T.no)],
            [T.username, found.username_masked],
            [T.consultant, found.consultant_name],
            [T.agency, found.agency_name],
          ])
        : null,
      found ? h('h3', {}, T.checks) : null,
      found && (found.checks.length ? h('ol', { class: 'checks' }, gathered(found.checks).map(checkLine)) : h('p', { class: 'hint' }, T.noChecks)),
      h('p', { class: 'hint never' }, icon('lock'), T.never),
    ];
  }
}

function waited(card) {
  return duration(Date.parse(card.claimed_at ?? new Date().toISOString()) - Date.parse(card.queued_at));
}

function facts(rows) {
  return h('dl', { class: 'facts' }, rows.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, ...[value].flat(2).filter(Boolean)))));
}

/** The same outcome several times in a row is one line that says how often. */
function gathered(checks) {
  const lines = [];
  for (const one of checks) {
    const last = lines.at(-1);
    if (last?.check === one.check && last.outcome === one.outcome) Object.assign(last, { at: one.at, times: last.times + 1 });
    else lines.push({ ...one, times: 1 });
  }
  return lines;
}

function checkLine({ check, outcome, at, times }) {
  const failed = WORDS.failed_checks.includes(check) || (['match', 'identification'].includes(check) && outcome !== 'strong') || outcome === 'no_longer_free';
  const words = outcome && (WORDS.check_outcomes[outcome] ?? null);
  return h(
    'li',
    { class: failed ? 'failed' : 'ok' },
    icon(failed ? 'cross' : 'check'),
    h('span', {}, h('strong', {}, WORDS.checks[check] ?? check), words ? `: ${words}` : '', times > 1 ? ` (${TEXTS.summary.times(times)})` : '', h('span', { class: 'unseen' }, ` (${failed ? TEXTS.summary.failed : TEXTS.summary.ok})`)),
    h('time', { datetime: at }, time(at)),
  );
}

/** The dialog of a secure operation: why, the code sent to the mobile (manual 9a), then the operation itself. */

import { NewPassword, calm, codeIn, counter, explain, explainFailure, missing, once, post, refusedCode, submits } from './forms.js';
import { h } from '../chat/dom.js';
import { TEXTS } from './it.js';
import { revealer } from './shared.js';

const T = { ...TEXTS.forms, ...TEXTS.secure };

export class SecureDialog {
  #action = '';
  #opener = null;

  /** `done(action)` is called when the operation was done, `signedOut()` when the session has ended meanwhile. */
  constructor(dialog, { done, signedOut }) {
    this.dialog = dialog;
    this.done = done;
    this.signedOut = signedOut;
    this.steps = Object.fromEntries([...dialog.querySelectorAll('[data-step]')].map((step) => [step.dataset.step, step]));
    this.fresh = new NewPassword(this.steps.password);
    this.code = dialog.querySelector('#secure-code');
    this.resendButton = dialog.querySelector('[data-do="resend"]');
    this.countDown = counter(this.resendButton);
    const on = (name, act) => dialog.querySelectorAll(`[data-do="${name}"]`).forEach((button) => button.addEventListener('click', () => act(button)));
    on('close', () => dialog.close());
    on('send', (button) => once(button, () => this.#send()));
    on('resend', () => this.#resend());
    on('deactivate', (button) => once(button, () => this.#operate('deactivate', '/api/account/deactivation')));
    submits(this.steps.code, () => this.#verify());
    submits(this.steps.password, () => this.#changePassword());
    for (const button of dialog.querySelectorAll('[data-reveals]')) revealer(button);
    dialog.addEventListener('close', () => this.#forget());
  }

  open(action, opener) {
    this.#action = action;
    this.#opener = opener;
    const texts = T[action];
    this.dialog.querySelector('#secure-title').textContent = texts.title;
    this.dialog.querySelector('[data-slot="intro"]').textContent = texts.intro;
    this.dialog.querySelector('[data-slot="effects"]').replaceChildren(...texts.effects.map((effect) => h('li', {}, effect)));
    for (const step of Object.values(this.steps)) calm(step);
    this.dialog.showModal();
    this.#show('intro');
  }

  #forget() {
    for (const field of this.dialog.querySelectorAll('input')) {
      field.value = '';
      if (field.type === 'text' && field.id.endsWith('password')) field.type = 'password';
    }
    this.fresh.show();
    this.#opener?.focus();
  }

  #show(name, focus) {
    for (const [step, section] of Object.entries(this.steps)) section.hidden = step !== name;
    const title = this.steps[name].querySelector('h2');
    this.dialog.setAttribute('aria-labelledby', (title.id ||= `secure-title-${name}`));
    (focus ?? title).focus();
  }

  #box(step) {
    return this.steps[step].querySelector('.error-summary');
  }

  async #send() {
    calm(this.steps.intro);
    try {
      const answer = await post('/api/step-up', { action: this.#action });
      if (answer.outcome === 'no_mobile') return this.#show('no_mobile'); // manual 10a
      if (answer.outcome !== 'code_sent') return explain(this.#box('intro'), refusedCode(answer));
      this.#sent(answer.challenge);
      calm(this.steps.code);
      this.#show('code', this.code);
    } catch (error) {
      this.#failed(error, 'intro');
    }
  }

  #sent(challenge) {
    const masked = challenge?.masked_destination;
    this.dialog.querySelector('[data-slot="destination"]').textContent = masked ? T.toNumber(masked) : T.yourMobile;
    this.countDown(challenge?.resend_after_seconds ?? 30);
  }

  async #resend() {
    if (this.resendButton.getAttribute('aria-disabled') === 'true') return;
    calm(this.steps.code);
    try {
      const answer = await post('/api/step-up/code');
      if (answer.outcome === 'code_sent') {
        this.#sent(answer.challenge);
        const news = this.steps.code.querySelector('.good-news');
        news.textContent = T.sent(answer.challenge?.masked_destination);
        news.hidden = false;
        return this.code.focus();
      }
      this.countDown(answer.retry_after_seconds ?? 60);
      if (answer.outcome === 'limit_reached') explain(this.#box('code'), refusedCode(answer));
    } catch (error) {
      this.#failed(error, 'code');
    }
  }

  async #verify() {
    calm(this.steps.code);
    const code = codeIn(this.code);
    if (!code) return explain(this.#box('code'), T.malformed, this.code);
    try {
      const answer = await post('/api/step-up/verification', { code });
      this.code.value = '';
      if (answer.outcome !== 'confirmed') return explain(this.#box('code'), refusedCode(answer), this.code);
      if (this.#action === 'change_password') return this.#show('password', this.steps.password.querySelector('#present-password'));
      if (this.#action === 'deactivate') return this.#show('deactivate');
      await this.#operate('code', '/api/account/end-other-sessions');
    } catch (error) {
      this.#failed(error, 'code');
    }
  }

  async #changePassword() {
    const step = this.steps.password;
    calm(step);
    const box = this.#box('password');
    const present = step.querySelector('#present-password');
    const note = step.querySelector('#present-password-error');
    note.textContent = T.writePresent;
    const broken = this.fresh.broken();
    if (missing(present, note)) return explain(box, T.missingPresent, present);
    if (broken.length) return this.fresh.refuse(box, broken);
    try {
      const answer = await post('/api/account/password', { present_password: present.value, password: this.fresh.field.value });
      if (answer.outcome === 'changed') return this.#finish();
      present.value = '';
      explain(box, T.wrongPresent(answer.attempts_left), present);
    } catch (error) {
      if (error.code === 'secret_rejected') this.fresh.refuse(box, error.failedRules);
      else this.#failed(error, 'password');
    }
  }

  async #operate(step, path) {
    calm(this.steps[step]);
    try {
      await post(path);
      this.#finish();
    } catch (error) {
      this.#failed(error, step);
    }
  }

  #finish() {
    this.#opener = null;
    this.dialog.close();
    this.done(this.#action);
  }

  #failed(error, step) {
    if (error.status === 401) return this.signedOut();
    if (error.code === 'step_up_expired') {
      this.#show('intro');
      return explain(this.#box('intro'), T.expired);
    }
    explainFailure(this.#box(step), error);
  }
}

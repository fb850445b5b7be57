/** The card for the temporary verification code: one field of six digits, pasted or filled in by the phone. */

import { Card, safety } from './card.js';
import { h, icon } from './dom.js';
import { TEXTS } from './it.js';

export class CodeCard extends Card {
  /** `submit(clientId, digits)` rejects with RequestFailed; `resend()` asks for a new code. */
  constructor(submit, resend) {
    const texts = TEXTS.code;
    const field = h('input', {
      id: 'secret',
      class: 'digits',
      type: 'text',
      inputmode: 'numeric',
      autocomplete: 'one-time-code',
      autocorrect: 'off',
      spellcheck: 'false',
      maxlength: 24, // blanks and dashes of a pasted code are tolerated
      placeholder: '000000',
      'aria-describedby': 'safety',
    });
    const again = h('button', { type: 'button', class: 'secondary', onclick: resend }, icon('again'), texts.resend);
    super({ texts, field, after: safety(texts.keepOpen, 'warning'), more: again, submit }); // manual 6a, 4c
  }

  value() {
    return this.field.value.replace(/[\s.\-–]/g, '');
  }

  problems() {
    return /^\d{6}$/.test(this.value()) ? [] : [this.texts.rejected.six_digits];
  }
}

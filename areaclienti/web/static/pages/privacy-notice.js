/** The privacy notice in force, as a page. */

import { h } from '../chat/dom.js';
import { noticeParts } from '../chat/dialogs.js';
import { TEXTS } from './it.js';
import { day, request } from './shared.js';

const text = document.querySelector('#text');

try {
  const notice = await request('GET', '/api/privacy-notice');
  document.querySelector('#titolo').textContent = notice.title;
  document.querySelector('#version').textContent = TEXTS.version(notice.version, notice.published_on && day(notice.published_on));
  text.replaceChildren(...noticeParts(notice.text, 'h2'));
} catch {
  text.replaceChildren(h('p', { class: 'message-box', role: 'alert' }, TEXTS.noticeFailed));
}
text.removeAttribute('aria-busy');

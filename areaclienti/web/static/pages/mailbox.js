/** The demo mailbox: e-mails as a mail client shows them, SMS as a phone does; looks for new ones every 2 s. */

import { h } from '../chat/dom.js';
import { TEXTS } from './it.js';
import { request } from './shared.js';

const T = TEXTS.mailbox;
const EVERY_MS = 2000;
const WHEN = new Intl.DateTimeFormat('it-IT', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' });
const one = (selector) => document.querySelector(selector);

let known = '';
let selected = null;
let shownMail = null;

function when({ sent_at: sentAt }) {
  return WHEN.format(new Date(sentAt));
}

function codeIn({ text }) {
  return /(?<!\d)\d{6}(?!\d)/.exec(text ?? '')?.[0];
}

function copyButton(code) {
  const button = h('button', { type: 'button', class: 'button plain small' }, T.copy);
  button.addEventListener('click', async () => {
    await navigator.clipboard.writeText(code);
    button.textContent = T.copied;
    one('#news').textContent = T.copied;
    setTimeout(() => (button.textContent = T.copy), 2500);
  });
  return button;
}

/**
 * The message's own styles are applied by hand: the frame inherits this page's policy, which refuses inline styles
 * already while they are parsed, and its sandbox refuses scripts.
 */
function showHtml(frame, html) {
  const inert = html
    .replace(/(<\/?)style\b/gi, '$1textarea')
    .replace(/(\s)style\s*=/gi, '$1data-style=');
  const parsed = new DOMParser().parseFromString(inert, 'text/html');
  const sheets = [...parsed.querySelectorAll('textarea')].map((style) => (style.remove(), style.value));
  for (const script of parsed.querySelectorAll('script')) script.remove();
  frame.onload = () => {
    const page = frame.contentDocument;
    for (const element of page.querySelectorAll('[data-style]')) element.style.cssText = element.dataset.style;
    page.adoptedStyleSheets = sheets.map((css) => {
      const sheet = new frame.contentWindow.CSSStyleSheet();
      sheet.replaceSync(css);
      return sheet;
    });
    for (const link of page.links) link.target = '_top';
  };
  frame.srcdoc = parsed.documentElement.outerHTML;
}

function openMail(mail) {
  if (shownMail === mail.id) return;
  shownMail = mail.id;
  one('#mail-subject').textContent = mail.subject;
  one('#mail-envelope').textContent = T.to(mail.to, when(mail));
  const code = codeIn(mail);
  one('#mail-code').replaceChildren(...(code ? [h('p', { class: 'code-copy' }, h('code', {}, code), copyButton(code))] : []));
  const plain = document.createElement('pre');
  plain.textContent = mail.text;
  showHtml(one('#mail-body'), mail.html || plain.outerHTML);
}

function drawInbox(mails) {
  one('#mail-empty').hidden = mails.length > 0;
  one('#mail').hidden = mails.length === 0;
  if (!mails.length) return;
  const current = mails.find(({ id }) => id === selected) ?? mails[0];
  const focused = document.activeElement?.dataset?.mail;
  const entry = (mail) =>
    h(
      'li',
      {},
      h(
        'button',
        {
          type: 'button',
          'data-mail': mail.id,
          'aria-current': String(mail.id === current.id),
          onclick: () => {
            selected = mail.id;
            drawInbox(mails);
          },
        },
        h('strong', {}, mail.subject),
        h('span', {}, mail.to),
        h('span', {}, when(mail)),
      ),
    );
  one('#mail-list').replaceChildren(...mails.map(entry));
  if (focused) one('#mail-list').querySelector(`[data-mail="${CSS.escape(focused)}"]`)?.focus();
  openMail(current);
}

function drawPhone(messages) {
  const threads = Map.groupBy ? Map.groupBy(messages, ({ to }) => to) : grouped(messages);
  const bubble = (sms) => {
    const code = codeIn(sms);
    return h('div', { class: 'sms' }, h('p', {}, sms.text), h('div', { class: 'below' }, h('span', {}, when(sms)), code && copyButton(code)));
  };
  const thread = ([number, list]) => h('section', { class: 'thread' }, h('h3', {}, T.thread(spaced(number))), list.map(bubble));
  one('#phone').replaceChildren(...(messages.length ? [...threads].map(thread) : [h('p', { class: 'empty' }, T.noSms)]));
}

function spaced(number) {
  return number.replace(/^(\+39)(\d{3})(\d+)$/, '$1 $2 $3');
}

function grouped(messages) {
  const threads = new Map();
  for (const sms of messages) threads.set(sms.to, [...(threads.get(sms.to) ?? []), sms]);
  return threads;
}

/** Draws only when something has changed, so that nothing flickers and no focus is lost. */
function draw(messages) {
  const state = messages.map(({ id }) => id).join();
  if (state === known) return;
  if (known) one('#news').textContent = messages[0].channel === 'sms' ? T.newSms : T.newMail;
  if (known && messages[0].channel === 'email') selected = messages[0].id;
  known = state;
  drawInbox(messages.filter(({ channel }) => channel === 'email'));
  drawPhone(messages.filter(({ channel }) => channel === 'sms'));
}

function problem(text) {
  one('#problem').hidden = !text;
  if (one('#problem').textContent !== text) one('#problem').textContent = text;
}

async function look() {
  try {
    if (!document.hidden) draw((await request('GET', '/api/mailbox')).messages);
    problem('');
  } catch (error) {
    problem(error.status === 404 ? T.off : T.failed);
    if (error.status === 404) return;
  }
  setTimeout(look, EVERY_MS);
}

look();

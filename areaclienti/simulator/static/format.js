/** Shows text as WhatsApp does: *bold*, _italic_, ~struck~, `code`, quotes, lists and links; never as markup. */

import { h } from '/static/chat/dom.js';

const MARKS = { '*': 'strong', _: 'em', '~': 's' };
const BLOCK = /```([\s\S]+?)```/g;
const LINK = /https?:\/\/[^\s<>"]+[^\s<>".,;:!?)\]]/;
const TOKEN = new RegExp(`${LINK.source}|\`([^\`\\n]+)\`|(?<![\\p{L}\\p{N}*_~])([*_~])(?!\\2)(?=\\S)([^\\n]*?\\S)\\2(?![\\p{L}\\p{N}*_~])`, 'gu');

/** The nodes of a whole text. */
export function formatted(text) {
  return split(text, BLOCK, (match) => h('pre', {}, match[1]), lines);
}

/** The text without its marks, for quotes and announcements. */
export function plain(text) {
  const holder = h('div', {}, formatted(text));
  return holder.textContent;
}

function lines(text) {
  return text.split('\n').flatMap((line, index, all) => {
    const before = index && !all[index - 1].startsWith('> ') ? ['\n'] : []; // a quote ends its line by itself
    if (line.startsWith('> ')) return [h('blockquote', {}, inline(line.slice(2)))];
    if (/^[-*] \S/.test(line)) return [...before, '• ', ...inline(line.slice(2))];
    return [...before, ...inline(line)];
  });
}

function inline(text) {
  return split(text, TOKEN, (match) => {
    const [whole, code, mark, inner] = match;
    if (code) return h('code', {}, code);
    if (mark) return h(MARKS[mark], {}, inline(inner));
    return h('a', { href: whole, target: '_blank', rel: 'noopener noreferrer' }, whole);
  });
}

function split(text, pattern, make, rest = (part) => [part]) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) nodes.push(...rest(text.slice(at, match.index)));
    nodes.push(make(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(...rest(text.slice(at)));
  return nodes;
}

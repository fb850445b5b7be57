/** What every page of the desk has: presence with its heartbeat, banners, alerts, shortcuts, the session's end. */

import { Refused, call, whenSignedOut } from './api.js';
import { DESK, remembered } from './data.js';
import { ask } from './dialog.js';
import { h, icon } from './dom.js';
import { TEXTS } from './it.js';
import { startKeys } from './keys.js';

const banners = document.getElementById('banners');
const announcer = document.getElementById('announcer');
const shown = new Map();

/** Says something to screen readers, politely. */
export function announce(text) {
  announcer.append(h('p', {}, text));
  while (announcer.children.length > 5) announcer.firstElementChild.remove();
}

/** Shows a line above the page until `hide(key)`; a second one under the same key takes its place. */
export function banner(key, { text, tone = 'warn', actions = [] }) {
  const signature = JSON.stringify([text, tone, actions.map(({ label }) => label)]);
  if (shown.get(key)?.signature === signature) return;
  hide(key);
  const buttons = actions.map(({ label, href, act }) =>
    href ? h('a', { class: 'button small outline', href }, label) : h('button', { type: 'button', class: 'button small outline', onclick: act }, label),
  );
  const node = h('div', { class: `desk-banner ${tone}` }, icon({ good: 'fine', info: 'info' }[tone] ?? 'warning'), h('p', {}, text), buttons);
  shown.set(key, { node, signature });
  banners.append(node);
}

export function hide(key) {
  shown.get(key)?.node.remove();
  shown.delete(key);
}

whenSignedOut(() => {
  const back = encodeURIComponent(location.pathname);
  banner('signed-out', { text: TEXTS.signedOut, actions: [{ label: TEXTS.signIn, href: `/desk/accesso?ritorno=${back}` }] });
});

// ---- presence ----------------------------------------------------------------------------------------------------

const BEAT_MS = Math.min(15_000, (DESK.lease_seconds * 1000) / 4);
const holder = document.getElementById('presence');
const choice = document.getElementById('presence-choice');
let standing = null; // what the server said last
let beatAt = 0;
let had = 0; // how many conversations one has

/** Tells how many conversations would go back into the queue. */
export function iHave(count) {
  had = count;
}

function show(me) {
  const before = standing;
  standing = me.presence;
  choice.disabled = false;
  holder.dataset.presence = me.presence;
  if (document.activeElement !== choice || before !== me.presence) choice.value = me.presence;
  if (me.presence !== 'offline') {
    hide('presence');
    remembered.set('presence', me.presence);
    return;
  }
  const wanted = remembered.get('presence');
  const isLost = before ? before !== 'offline' && !leaving : ['available', 'paused'].includes(wanted);
  if (isLost) lostLease();
  else if (!shown.has('presence')) {
    banner('presence', { text: TEXTS.presence.offline, tone: 'info', actions: [{ label: TEXTS.presence.become, act: () => become('available') }] });
  }
}

function lostLease() {
  banner('presence', { text: TEXTS.presence.lost, actions: [{ label: TEXTS.presence.back, act: () => become('available') }] });
}

let leaving = false;

/** Says how one is there, as the switch does. */
export async function become(presence) {
  leaving = presence === 'offline';
  try {
    const { me } = await call('PUT', '/presence', { presence });
    if (leaving) remembered.set('presence', null);
    show(me);
    announce(TEXTS.presence.said[presence]);
    document.dispatchEvent(new CustomEvent('desk:presence'));
  } catch {
    choice.value = standing ?? 'offline';
    banner('presence-failed', { text: TEXTS.presence.failed, actions: [{ label: TEXTS.talk.retry, act: () => (hide('presence-failed'), become(presence)) }] });
  } finally {
    leaving = false;
  }
}

/** The desk is open. Called by the clock and by the streams' heartbeats, which a hidden tab still gets in time. */
export async function beat() {
  if (!choice || Date.now() - beatAt < BEAT_MS / 2) return;
  beatAt = Date.now();
  try {
    const { me } = await call('POST', '/heartbeat');
    hide('presence-failed');
    show(me);
  } catch (error) {
    if (!(error instanceof Refused)) throw error; // the next beat comes
  }
}

if (choice) {
  choice.addEventListener('change', async () => {
    const wanted = choice.value;
    if (wanted === 'offline' && had > 0) {
      const isSure = await ask({
        title: TEXTS.dialogs.leave.title,
        lead: TEXTS.presence.leaving(had),
        label: TEXTS.dialogs.leave.confirm,
        confirm: async () => {},
      });
      if (!isSure) {
        choice.value = standing;
        return;
      }
    }
    become(wanted);
  });
  setInterval(beat, BEAT_MS);
  document.addEventListener('visibilitychange', () => !document.hidden && beat());
  beat();
}

// ---- alerts ------------------------------------------------------------------------------------------------------

const plainTitle = document.title;
const wantsSound = document.getElementById('wants-sound');
const wantsNotices = document.getElementById('wants-notices');
const noticesState = document.getElementById('notices-state');
let audio = null;

/** The number in front of the page's title. */
export function badge(count) {
  document.title = TEXTS.title(count, plainTitle);
}

/** Something came that the agent should see now: a sound and a notification, where he wants them. */
export function alertMe(text, detail, path) {
  if (wantsSound?.checked) chime();
  if (wantsNotices?.checked && document.hidden && window.Notification?.permission === 'granted') {
    const notice = new Notification(text, { body: detail, tag: path, icon: '/static/icon.svg', lang: 'it' });
    notice.onclick = () => {
      window.focus();
      if (path && location.pathname !== path) location.assign(path);
      notice.close();
    };
  }
}

function chime() {
  audio ??= new AudioContext();
  if (audio.state === 'suspended') audio.resume();
  [660, 880].forEach((pitch, index) => {
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    const start = audio.currentTime + index * 0.16;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, start);
    volume.gain.exponentialRampToValueAtTime(0.12, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, start + 0.3);
    tone.connect(volume).connect(audio.destination);
    tone.start(start);
    tone.stop(start + 0.32);
  });
}

if (wantsSound) {
  wantsSound.checked = remembered.get('sound', false);
  wantsSound.addEventListener('change', () => {
    remembered.set('sound', wantsSound.checked);
    if (wantsSound.checked) chime();
  });
  wantsNotices.checked = remembered.get('notices', false) && window.Notification?.permission === 'granted';
  wantsNotices.addEventListener('change', async () => {
    noticesState.hidden = true;
    if (wantsNotices.checked && (await permission()) !== 'granted') {
      wantsNotices.checked = false;
      noticesState.textContent = window.Notification ? TEXTS.notices.denied : TEXTS.notices.unavailable;
      noticesState.hidden = false;
    }
    remembered.set('notices', wantsNotices.checked);
  });
}

async function permission() {
  return window.Notification ? Notification.requestPermission() : 'denied';
}

// ---- the menu, the connection, the keys --------------------------------------------------------------------------

const menu = document.getElementById('me-menu');
menu?.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || !menu.open) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});
document.addEventListener('click', (event) => {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
});

let wasOnline = true;

/** Handlers for a stream, which tell about the connection and keep one's presence alive. */
export const connection = (live) => ({
  online() {
    hide('connection');
    if (!wasOnline) announce(TEXTS.connection.back);
    wasOnline = true;
    beat();
  },
  offline() {
    wasOnline = false;
    banner('connection', { text: TEXTS.connection.lost, actions: [{ label: TEXTS.connection.retry, act: () => live().retryNow() }] });
  },
  heartbeat: beat,
});

startKeys();

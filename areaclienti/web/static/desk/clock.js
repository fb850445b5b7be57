/** How long and when, in words. */

import { TEXTS } from './it.js';

const TIME = new Intl.DateTimeFormat('it-IT', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('it-IT', { weekday: 'long', day: 'numeric', month: 'long' });
const FULL = new Intl.DateTimeFormat('it-IT', { dateStyle: 'full', timeStyle: 'short' });

/** 3 min, 1 h 20 min, 2 giorni. */
export function duration(milliseconds) {
  const minutes = Math.floor(Math.max(0, milliseconds) / 60_000);
  if (minutes < 1) return TEXTS.inMoments;
  if (minutes < 60) return TEXTS.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? TEXTS.hours(hours, minutes % 60) : TEXTS.days(Math.floor(hours / 24));
}

export const age = (at) => TEXTS.since(duration(Date.now() - Date.parse(at)));
export const time = (at) => TIME.format(new Date(at));
export const full = (at) => FULL.format(new Date(at));

export function day(at) {
  const date = new Date(at);
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
  return days === 0 ? TEXTS.today : days === 1 ? TEXTS.yesterday : DAY.format(date);
}

/** oggi alle 9:00; martedì 24 novembre alle 9:00. */
export function when(at) {
  const date = new Date(at);
  const isToday = midnight(new Date()) === midnight(date);
  return `${isToday ? TEXTS.today.toLowerCase() : DAY.format(date)} alle ${TIME.format(date)}`;
}

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

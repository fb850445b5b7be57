/** What the server wrote into the page for the scripts: who is signed in, the words for codes, how patient the desk is. */

const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? '{}');

export const DESK = read('desk-data');
export const WORDS = DESK.words;
export const pageData = () => read('conversation-data');

/** A setting of this browser; gone when the browser forgets, and never needed. */
export const remembered = {
  get(key, fallback = null) {
    try {
      return JSON.parse(localStorage.getItem(`desk.${key}`)) ?? fallback;
    } catch {
      return fallback;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(`desk.${key}`);
      else localStorage.setItem(`desk.${key}`, JSON.stringify(value));
    } catch {
      // a full or forbidden storage: the setting lasts as long as the page
    }
  },
};

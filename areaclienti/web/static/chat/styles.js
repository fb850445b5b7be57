/** The widget's style sheet, adopted by its shadow root so that a strict content security policy holds. */

const CSS = `
:host {
  --navy: #14305c;
  --navy-deep: #0d2246;
  --ink: #1b2433;
  --soft: #505c70;
  --line: #8b97a8;
  --hair: #dfe4ea;
  --paper: #fff;
  --wash: #f4f6f9;
  --mist: #e6edf7;
  --warm: #b4491f;
  --warm-wash: #fdf1ea;
  --good: #1d6b45;
  --bad: #a61b1b;
  --bad-wash: #fdf0ef;
  --focus: #b4491f;
  display: block;
  height: min(46rem, 100dvh - 2rem);
  min-height: 30rem;
  font: 400 1.125rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  color: var(--ink);
  -webkit-text-size-adjust: 100%;
}
:host([hidden]) { display: none; }
:host([expanded]) { position: fixed; inset: 0 0 auto; z-index: 1000; height: var(--screen, 100dvh); min-height: 0; }
*, *::before, *::after { box-sizing: border-box; }
[hidden] { display: none !important; }
p, h2, h3, ul, fieldset, dl { margin: 0; padding: 0; border: 0; }
ul { list-style: none; }
button, input, textarea { font: inherit; color: inherit; letter-spacing: inherit; }
button { cursor: pointer; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.icon { width: 1.25em; height: 1.25em; flex: none; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 6px; }
:focus:not(:focus-visible) { outline: none; }

.frame { display: flex; flex-direction: column; height: 100%; background: var(--paper); border: 1px solid var(--hair); border-radius: 1.25rem; overflow: hidden; box-shadow: 0 1px 2px rgb(13 34 70 / .08), 0 18px 48px -12px rgb(13 34 70 / .22); }
:host([expanded]) .frame { border: 0; border-radius: 0; }

header { position: relative; background: var(--navy); color: #fff; flex: none; z-index: 2; --focus: #ffd9a8; }
.bar { display: flex; align-items: center; gap: .75rem; padding: .75rem 1rem; }
.who { flex: 1; min-width: 0; }
.who h2 { font-size: 1.125rem; font-weight: 650; line-height: 1.25; }
.owner { font-size: .9375rem; line-height: 1.35; color: #d5e0f2; }
.avatar { width: 2.75rem; height: 2.75rem; flex: none; border-radius: 50%; background: var(--navy); fill: none; stroke: #fff; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; padding: .4rem; }
.avatar .light { fill: #ffb877; stroke: none; }
header .avatar { background: var(--navy-deep); }
.avatar.agent { background: var(--warm); }
.round { display: grid; place-items: center; width: 2.75rem; height: 2.75rem; border: 0; border-radius: 50%; background: transparent; color: #fff; }
.round:hover { background: rgb(255 255 255 / .14); }
.round.expand { display: none; }
.menu { position: absolute; right: .75rem; top: 4.125rem; min-width: 15rem; max-width: calc(100% - 1.5rem); background: var(--paper); color: var(--ink); border: 1px solid var(--hair); border-radius: .875rem; box-shadow: 0 16px 40px -8px rgb(13 34 70 / .4); padding: .375rem; --focus: #b4491f; }
.menu button { display: flex; align-items: center; gap: .75rem; width: 100%; min-height: 3rem; padding: .5rem .75rem; border: 0; border-radius: .625rem; background: none; text-align: left; }
.menu button:hover { background: var(--mist); }
.menu .icon { color: var(--navy); }
.progress { background: var(--navy-deep); padding: .5rem 1rem .625rem; font-size: 1rem; }
.progress p { font-weight: 600; line-height: 1.35; }
.track { display: flex; gap: .25rem; margin-top: .375rem; }
.track span { flex: 1; height: .3125rem; border-radius: 1rem; background: #47618d; }
.track .done { background: #ffb877; }

.middle { position: relative; flex: 1; min-height: 0; display: flex; flex-direction: column; }
.banner { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; padding: .625rem 1rem; background: #fff3d6; color: #4d3500; border-bottom: 1px solid #e0c27a; font-size: 1rem; }
.scroller { position: relative; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 1rem; background: var(--wash); }
.scroller:focus-visible { outline-offset: -4px; }
.log { display: flex; flex-direction: column; gap: .375rem; }
.day { align-self: center; margin: .75rem 0; font-size: .9375rem; color: var(--soft); }
.message { position: relative; display: flex; flex-direction: column; align-items: flex-start; gap: .375rem; max-width: 92%; padding-left: 2.75rem; }
.message.first { margin-top: .875rem; }
.message:first-child { margin-top: 0; }
.message .avatar { position: absolute; left: 0; top: 0; width: 2.25rem; height: 2.25rem; padding: .3rem; }
.meta { font-size: .9375rem; color: var(--soft); line-height: 1.3; }
.meta .author { font-weight: 600; color: var(--ink); }
.meta time { margin-left: .25rem; }
.bubble { display: flex; gap: .5rem; padding: .75rem 1rem; border-radius: .25rem 1.125rem 1.125rem; background: var(--paper); border: 1px solid var(--hair); max-width: 100%; }
.bubble p { white-space: pre-line; overflow-wrap: anywhere; min-width: 0; }
.bubble .icon { margin-top: .1em; }
.message.agent .bubble { background: var(--warm-wash); border-color: #efcdb9; }
.message.customer { align-self: flex-end; align-items: flex-end; padding-left: 0; max-width: 86%; }
.message.customer .bubble { background: var(--navy); border-color: var(--navy); color: #fff; border-radius: 1.125rem 1.125rem .25rem; }
.message.notice { align-self: center; align-items: center; padding: 0; text-align: center; margin: .5rem 0; max-width: 100%; }
.message.notice .bubble { background: none; border: 0; padding: .25rem .5rem; color: var(--soft); font-size: 1rem; }
.message.failure .bubble { background: var(--bad-wash); border: 1px solid #e3b3b0; color: var(--ink); border-radius: .875rem; padding: .75rem 1rem; text-align: left; }
.message.failure .icon, .delivery.failed { color: var(--bad); }
.delivery { font-size: .9375rem; color: var(--soft); line-height: 1.3; }
.delivery .icon { vertical-align: -.3em; margin-right: .25rem; }
.link { background: none; border: 0; padding: .25rem .125rem; min-height: 1.75rem; color: var(--navy); font-weight: 600; text-decoration: underline; text-underline-offset: .2em; }

.choices { display: flex; flex-wrap: wrap; gap: .5rem; max-width: 100%; margin: .25rem 0 .375rem; }
.choice { display: inline-flex; align-items: center; gap: .5rem; min-height: 3rem; padding: .5rem 1.125rem; border: 2px solid var(--navy); border-radius: 1.5rem; background: var(--paper); color: var(--navy); font-weight: 600; line-height: 1.3; text-align: left; overflow-wrap: anywhere; }
.choice:enabled:hover { background: var(--mist); }
.choice:enabled:active { background: var(--navy); color: #fff; }
.choice:disabled { border-color: #b9c2ce; border-width: 1px; color: var(--soft); cursor: default; font-weight: 400; }
.choice.chosen:disabled { background: var(--mist); border: 2px solid var(--navy); color: var(--navy); font-weight: 650; }
.card-button { display: inline-flex; align-items: center; gap: .625rem; min-height: 3rem; padding: .5rem 1.125rem; border: 2px solid var(--navy); border-radius: .75rem; background: var(--paper); color: var(--navy); font-weight: 600; text-align: left; text-decoration: none; }
.card-button:hover { background: var(--mist); }

.primary { min-height: 3rem; padding: .625rem 1.5rem; border: 2px solid var(--navy); border-radius: .75rem; background: var(--navy); color: #fff; font-weight: 650; text-decoration: none; }
.primary:hover { background: var(--navy-deep); }
.primary[aria-disabled="true"] { background: var(--soft); border-color: var(--soft); cursor: progress; }
.secondary { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 3rem; padding: .625rem 1rem; border: 0; border-radius: .75rem; background: none; color: var(--navy); font-weight: 600; text-decoration: underline; text-underline-offset: .2em; }
.secondary:hover { background: var(--mist); }

.typing { margin: .875rem 0 0 2.75rem; color: var(--soft); font-size: 1rem; }
.dots { display: inline-flex; gap: .25rem; margin-left: .5rem; }
.dots i { width: .4375rem; height: .4375rem; border-radius: 50%; background: var(--warm); animation: breathe 1.2s infinite ease-in-out; }
.dots i:nth-child(2) { animation-delay: .15s; }
.dots i:nth-child(3) { animation-delay: .3s; }
@keyframes breathe { 0%, 60%, 100% { opacity: .25; } 30% { opacity: 1; } }
.jump { position: absolute; bottom: .75rem; left: 50%; transform: translateX(-50%); display: flex; align-items: center; gap: .5rem; min-height: 2.75rem; padding: .25rem 1.25rem; border: 0; border-radius: 1.5rem; background: var(--navy); color: #fff; font-weight: 600; font-size: 1rem; box-shadow: 0 8px 24px -6px rgb(13 34 70 / .6); }

.card { display: flex; flex-direction: column; gap: .75rem; margin: 1rem 0 .25rem; padding: 1.125rem 1.25rem 1.25rem; background: var(--paper); border: 1px solid var(--line); border-top: 4px solid var(--warm); border-radius: .875rem; }
.card h3 { display: flex; align-items: center; gap: .5rem; font-size: 1.1875rem; font-weight: 650; line-height: 1.3; }
.card h3 .icon { color: var(--warm); }
.card label { font-weight: 600; margin-bottom: -.375rem; }
.card .apart { align-self: center; min-height: 2.75rem; }
.card .row { display: flex; gap: .5rem; }
input:not([type="radio"]), textarea { width: 100%; min-width: 0; min-height: 3.25rem; padding: .6875rem .875rem; border: 2px solid var(--line); border-radius: .75rem; background: var(--paper); line-height: 1.4; }
input:focus-visible, textarea:focus-visible { outline-offset: 0; border-color: var(--navy); border-radius: .75rem; }
input::placeholder, textarea::placeholder { color: #667085; opacity: 1; }
[aria-invalid="true"] { border-color: var(--bad) !important; }
.digits { font-size: 1.625rem !important; letter-spacing: .35em !important; font-variant-numeric: tabular-nums; font-weight: 600; max-width: 13rem; padding-block: .375rem !important; }
.digits::placeholder { font-weight: 400; color: #8792a3; }
.capitals { text-transform: uppercase; letter-spacing: .06em !important; }
.show { flex: none; min-width: 6.75rem; border: 2px solid var(--line); border-radius: .75rem; background: var(--paper); color: var(--navy); font-weight: 600; padding: 0 .75rem; }
.show:hover { background: var(--mist); }
.rules { display: grid; grid-template-columns: repeat(auto-fit, minmax(13.5rem, 1fr)); gap: .25rem 1rem; font-size: 1rem; }
.rules li { display: flex; align-items: center; gap: .5rem; }
.rules .icon { stroke-width: 3; }
.rules .unmet { color: var(--soft); }
.rules .unmet .icon { stroke-width: 6; }
.rules .met { color: var(--good); font-weight: 600; }
.safe { display: flex; gap: .5rem; font-size: 1rem; line-height: 1.4; color: var(--soft); }
.safe .icon { margin-top: .1em; }
.summary { position: relative; padding: .75rem .875rem .75rem 2.75rem; background: var(--bad-wash); border: 2px solid var(--bad); border-radius: .75rem; font-size: 1rem; line-height: 1.4; }
.summary > .icon { position: absolute; left: .875rem; top: .8rem; color: var(--bad); }
.strong { font-weight: 650; }
details { font-size: 1rem; line-height: 1.45; }
details summary { min-height: 2rem; color: var(--navy); font-weight: 600; cursor: pointer; text-decoration: underline; text-underline-offset: .2em; }

.dock { flex: none; display: flex; flex-direction: column; gap: .25rem; padding: .75rem 1rem max(.75rem, env(safe-area-inset-bottom)); background: var(--paper); border-top: 1px solid var(--hair); }
.question { align-self: flex-start; min-height: 2.75rem; }
.composer .row { display: flex; align-items: flex-end; gap: .625rem; }
.field-slot { flex: 1; min-width: 0; display: flex; flex-direction: column; gap: .25rem; }
.field-slot label:not(.unseen) { font-weight: 600; font-size: 1rem; }
textarea { display: block; resize: none; max-height: 9rem; overflow-y: auto; }
.send { display: grid; place-items: center; flex: none; width: 3.25rem; height: 3.25rem; border: 0; border-radius: 50%; background: var(--navy); color: #fff; }
.send:hover { background: var(--navy-deep); }
.send:focus-visible, .round:focus-visible { border-radius: 50%; }
.counter { padding-top: .25rem; font-size: .9375rem; color: var(--soft); }
.counter.over { color: var(--bad); font-weight: 600; }
.switch { display: flex; flex-wrap: wrap; gap: .25rem; padding: .25rem; margin-bottom: .5rem; background: var(--mist); border-radius: .875rem; }
.switch label { position: relative; flex: 1 1 auto; display: grid; }
.switch input { position: absolute; opacity: 0; inset: 0; width: 100%; height: 100%; margin: 0; cursor: pointer; }
.switch span { display: grid; place-items: center; min-height: 2.75rem; padding: .25rem .75rem; border-radius: .625rem; font-size: 1rem; font-weight: 600; color: var(--navy); text-align: center; }
.switch :checked + span { background: var(--navy); color: #fff; }
.switch :focus-visible + span { outline: 3px solid var(--focus); outline-offset: 2px; }
.prefixed { display: flex; }
.prefixed .prefix { display: grid; place-items: center; padding: 0 .75rem; border: 2px solid var(--line); border-right: 0; border-radius: .75rem 0 0 .75rem; background: var(--wash); font-weight: 600; }
.prefixed input { border-radius: 0 .75rem .75rem 0 !important; }

dialog { width: min(40rem, 100vw - 2rem); max-height: min(48rem, 100dvh - 2rem); padding: 1.5rem; border: 0; border-radius: 1.25rem; color: var(--ink); background: var(--paper); box-shadow: 0 24px 80px rgb(13 34 70 / .5); }
dialog[open] { display: flex; flex-direction: column; gap: 1rem; }
dialog::backdrop { background: rgb(13 34 70 / .6); }
dialog h2 { font-size: 1.375rem; line-height: 1.3; }
.notice-text { flex: 1; min-height: 6rem; overflow-y: auto; padding: 0 .75rem 0 .25rem; max-width: 68ch; }
.notice-text > * + * { margin-top: .75rem; }
.notice-text p { white-space: pre-line; }
.notice-text h3 { font-size: 1.125rem; margin-top: 1.25rem; }
.fine { color: var(--soft); font-size: 1rem; }
.problem { color: var(--bad); font-weight: 600; }
.problem:empty { display: none; }

@media (max-width: 40rem) {
  .round.expand { display: grid; }
  .bar { padding: .625rem .625rem .625rem .875rem; gap: .5rem; }
  .scroller { padding: .875rem; }
  .message { max-width: 100%; padding-left: 0; }
  .message .avatar { display: none; }
  .typing { margin-left: 0; }
  .dock { padding-inline: .875rem; }
}
@media (max-width: 26rem) {
  .bar > .avatar { display: none; }
  .choice { flex: 1 1 auto; justify-content: center; }
  .card { padding: 1rem; }
  .card .primary { width: 100%; }
}
@media (max-width: 21rem) {
  .card .row { flex-wrap: wrap; }
  .show { min-height: 3rem; }
}
@media (max-height: 30rem) {
  .bar { padding-block: .25rem; }
  .progress { padding-block: .25rem; }
  .track { display: none; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
@media (prefers-contrast: more) {
  :host { --soft: #2b3442; --line: #3c4654; --hair: #3c4654; --warm: #8a3312; }
  .choice:disabled { border-color: #3c4654; }
}
@media (forced-colors: active) {
  .track .done { background: Highlight; }
  .switch :checked + span { outline: 2px solid Highlight; }
  .bubble, .card, .frame, .send, .primary { border: 1px solid; }
}
`;

let sheet;

/** One sheet for all instances. */
export function styles() {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
  }
  return sheet;
}

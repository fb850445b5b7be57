/** Our own line drawings for the phone page; hidden from screen readers, the words beside them carry the meaning. */

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  send: 'M4.500 12 20 4.500 15 20l-3.800-6.300z',
  attach: 'M12 5v14M5 12h14',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500V12l3 2',
  person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20.500c.7-4 3.900-6 8-6s7.300 2 8 6',
  close: 'M6 6l12 12M18 6 6 18',
  down: 'm6 9 6 6 6-6',
  list: 'M5 6.500h.01M5 12h.01M5 17.500h.01M9 6.500h11M9 12h11M9 17.500h11',
  open: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  reply: 'm9 6-5.500 5.500L9 17M4 11.500h9c4 0 6.500 2 7.500 6.500',
  edit: 'M4 20l1-4.500L16 4.500l3.500 3.500L8.500 19z',
  trash: 'M5 7h14M10 7V4.500h4V7M7 7l.8 13h8.400L17 7M10.500 11v5M13.500 11v5',
  again: 'M5 12a7 7 0 1 0 2.200-5.100M5 4v4h4',
  audio: 'M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM6 12a6 6 0 0 0 12 0M12 18v3',
  image: 'M4 5h16v14H4zM4 16l4.500-4.500 4 4L16 12l4 4M15 9h.01',
  video: 'M3.500 6.500h12v11h-12zM15.500 10.500l5-3v9l-5-3',
  document: 'M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6',
  location: 'M12 21c4.500-5 6.500-8 6.500-11a6.500 6.500 0 0 0-13 0c0 3 2 6 6.500 11zM12 12a2.200 2.200 0 1 0 0-4.400 2.200 2.200 0 0 0 0 4.400z',
  contacts: 'M5 4h14v16H5zM12 12.500a2.300 2.300 0 1 0 0-4.600 2.300 2.300 0 0 0 0 4.600zM8 17c.4-2 2-3 4-3s3.600 1 4 3',
  sticker: 'M20 13a8 8 0 1 1-9-9c0 5 4 9 9 9zM9 10h.01M9.500 15c1.200.8 2.600 1 4 .6',
  unsupported: 'M5 19V9M12 19V5M19 19v-7',
  flow: 'M5 4h14v16H5zM9 9h6M9 13h6M9 17h3',
};

const TICKS = { waiting: 'M12 4.500V8l2.500 1.500M12 14a6 6 0 1 0 0-12 6 6 0 0 0 0 12z', sent: 'M6 8.500 9.500 12 17 4', delivered: 'M2 8.500 5.500 12 13 4M9.500 11l1 1L18 4', failed: 'M12 3v6M12 12.500v.01' };

function drawing(className, viewBox, ...paths) {
  const svg = document.createElementNS(SVG, 'svg');
  for (const [name, value] of Object.entries({ viewBox, class: className, 'aria-hidden': 'true', focusable: 'false' })) svg.setAttribute(name, value);
  for (const d of paths) {
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
  }
  return svg;
}

export function icon(name) {
  return drawing('icon', '0 0 24 24', PATHS[name]);
}

/** One tick, two ticks, or a clock while the message waits. */
export function ticks(status) {
  return drawing('ticks', '0 0 20 16', TICKS[status] ?? TICKS.delivered);
}

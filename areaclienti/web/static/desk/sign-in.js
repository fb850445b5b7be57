/** The desk's pages with a password: shows and hides it. The forms work without it too. */

import { revealer } from '../pages/shared.js';

for (const button of document.querySelectorAll('[data-reveals]')) revealer(button);

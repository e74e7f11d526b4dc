/* Makes pages quicker, never possible: without this file every link and form works as it stands. */
"use strict";
document.querySelectorAll("[data-scripted]").forEach((each) => { each.hidden = false; });
document.querySelector("[data-focus]")?.focus();

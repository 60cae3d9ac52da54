// Loaded before the page is drawn, so that it does not flash in the wrong colors.
"use strict";
try {
  const chosen = localStorage.getItem("rating:theme");
  if (chosen) document.documentElement.dataset.theme = chosen;
} catch {
  // Without storage the system's colors are used.
}

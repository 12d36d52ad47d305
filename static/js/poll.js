// Fragments that ask for themselves until they are finished:
//   <div hx-get="…/state/" hx-trigger="poll" hx-swap="outerHTML" data-poll>
// The server leaves data-poll out when nothing will change any more. Most submissions are scored within half a second, so
// it asks quickly at first, then every second, less often the longer it lasts, and seldom while nobody looks.
const started = new Map();
const asked = new Map();

function pause(key, now) {
  if (document.hidden) return 15_000;
  const lasted = now - started.get(key);
  if (lasted < 4_000) return 500;
  if (lasted < 60_000) return 1_000;
  return lasted < 600_000 ? 3_000 : 10_000;
}

function tick({ atOnce = false } = {}) {
  const now = Date.now();
  for (const fragment of document.querySelectorAll("[data-poll]")) {
    const key = fragment.getAttribute("hx-get") ?? fragment.id;
    if (!started.has(key)) { started.set(key, now); asked.set(key, now - 250); }
    if (fragment.classList.contains("htmx-request")) continue;
    if (!atOnce && now - asked.get(key) < pause(key, now)) continue;
    asked.set(key, now);
    window.htmx?.trigger(fragment, "poll");
  }
}

setInterval(tick, 250);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tick({ atOnce: true }); });

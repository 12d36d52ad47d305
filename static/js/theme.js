// Runs in the head, before anything is drawn, so that no page flashes in the wrong theme.
// The button goes system, light, dark, and remembers; without a script there is no button and the system decides.
(() => {
  const themes = ["system", "light", "dark"];
  const root = document.documentElement;
  let theme = "system";
  try { theme = localStorage.getItem("theme") ?? theme; } catch { /* storage is off: the system decides */ }
  if (!themes.includes(theme)) theme = "system";

  function show() {
    if (theme === "system") delete root.dataset.theme; else root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-button]")) {
      button.hidden = false;
      button.setAttribute("aria-label", `Theme: ${theme}. Change`);
    }
  }

  show();
  document.addEventListener("DOMContentLoaded", show);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-button]")) return;
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    show();
    try { localStorage.setItem("theme", theme); } catch { /* it lasts for this page */ }
  });
})();

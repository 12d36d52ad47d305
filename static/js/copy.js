// Copy buttons. <button data-copy hidden> copies the <pre> or <code> beside it, or what its data-copy selects.
// They are hidden in the markup: without a script, or without a clipboard, nobody sees a button that does nothing.
function reveal(root) {
  if (!navigator.clipboard) return;
  for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
}

function source(button) {
  const selector = button.dataset.copy;
  return selector ? document.querySelector(selector) : button.parentElement.querySelector("pre, code, input");
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const from = source(button);
  const before = button.getAttribute("aria-label");
  try {
    await navigator.clipboard.writeText((from.value ?? from.textContent).trim());
    button.setAttribute("aria-label", "Copied");
    button.classList.add("is-done");
  } catch {
    button.setAttribute("aria-label", "The browser did not allow copying");
  }
  setTimeout(() => {
    button.classList.remove("is-done");
    if (before === null) button.removeAttribute("aria-label"); else button.setAttribute("aria-label", before);
  }, 2000);
});

reveal(document);
for (const name of ["htmx:load", "podium:swapped"]) document.addEventListener(name, (event) => reveal(event.target));

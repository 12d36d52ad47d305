// Drop zones, and forms that show how far an upload is.
//   [data-drop]           the zone: a real file input lies over it, so it works without this
//   form[data-upload]     sent with a progress bar; the answer's <main> takes the place of this page's
const MB = 1e6;

const megabytes = (bytes) => (bytes < MB ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / MB).toFixed(1)} MB`);

function element(name, { text = "", ...attributes } = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

// What the zone says. The words it came with are kept, for when the choice is taken back
function say(zone, title, note, { error = false } = {}) {
  const [heading, small] = [zone.querySelector("[data-drop-title]"), zone.querySelector("[data-drop-note]")];
  heading.dataset.before ??= heading.textContent;
  heading.textContent = title ?? heading.dataset.before;
  zone.classList.toggle("is-wrong", error);
  if (!small) return;
  small.dataset.before ??= small.textContent;
  small.textContent = note ?? small.dataset.before;
}

function tooLarge(zone, file) {
  const limit = Number(zone.dataset.maxBytes || Infinity);
  return file.size > limit && `${file.name} has ${megabytes(file.size)}; the limit is ${megabytes(limit)}. Nothing was sent.`;
}

document.addEventListener("change", (event) => {
  const zone = event.target.closest("[data-drop]");
  if (!zone) return;
  const file = event.target.files[0];
  const refusal = file && tooLarge(zone, file);
  event.target.setCustomValidity(refusal || "");
  if (!file) say(zone);
  else if (refusal) say(zone, "This file is too large", refusal, { error: true });
  else say(zone, file.name, `${megabytes(file.size)}. Choose or drop another one to replace it; nothing is sent yet.`);
});

for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const zone = event.target instanceof Element && event.target.closest("[data-drop]");
    for (const other of document.querySelectorAll("[data-drop].is-over")) other.classList.toggle("is-over", false);
    if (zone) zone.classList.toggle("is-over", name === "dragenter" || name === "dragover");
    else if (name === "dragover" || name === "drop") event.preventDefault(); // a miss must not leave the page
  });
}

function progress(form, { onStop }) {
  const box = element("div", { class: "sending stack stack-2", role: "status" });
  const bar = element("progress", { max: "100", value: "0", "aria-label": "Upload" });
  const line = element("div", { class: "row row-apart small" });
  const words = element("span", { class: "quiet num", text: "Sending" });
  const stop = element("button", { class: "btn btn-small btn-quiet", type: "button", text: "Stop" });
  stop.addEventListener("click", onStop);
  line.append(words, stop);
  box.append(bar, line);
  form.querySelector("[data-drop], .actions")?.after(box);
  return { box, bar, words, stop };
}

function rest(loaded, total, began) {
  const seconds = ((total - loaded) * (Date.now() - began)) / 1000 / Math.max(loaded, 1);
  return seconds < 1 ? "" : `, about ${seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`} more`;
}

function show(html, address) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.querySelector("main");
  if (!fresh) { location.assign(address); return; }
  const main = document.importNode(fresh, true);
  document.querySelector("main").replaceWith(main);
  document.title = page.title;
  if (address && address !== location.href) history.pushState({ swapped: true }, "", address);
  window.htmx?.process(main);
  main.dispatchEvent(new CustomEvent("podium:swapped", { bubbles: true }));
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
}

function send(form) {
  const request = new XMLHttpRequest();
  const began = Date.now();
  const buttons = form.querySelectorAll("button, input[type=submit]");
  const body = new FormData(form);
  const shown = progress(form, { onStop: () => request.abort() });
  for (const button of buttons) button.disabled = true;

  function stopped(sentence, { error }) {
    shown.box.remove();
    for (const button of buttons) button.disabled = false;
    const zone = form.querySelector("[data-drop]");
    if (zone) say(zone, zone.querySelector("input").files[0]?.name, sentence, { error });
  }

  request.open("POST", form.action);
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    shown.bar.value = (100 * loaded) / total;
    shown.words.textContent = `${megabytes(loaded)} of ${megabytes(total)}${rest(loaded, total, began)}`;
  });
  request.upload.addEventListener("load", () => {
    shown.bar.removeAttribute("value");
    shown.words.textContent = "It has arrived and is being looked at";
    shown.stop.remove();
  });
  request.addEventListener("load", () => show(request.responseText, request.responseURL));
  request.addEventListener("abort", () => stopped("Stopped. Nothing was submitted; send it again when you like.", { error: false }));
  request.addEventListener("error", () => stopped("The connection ended before the file was through, and nothing was submitted. Send it again; if that fails too, the file may be larger than this site takes.", { error: true }));
  request.send(body);
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-upload]");
  if (!form || event.defaultPrevented) return;
  event.preventDefault();
  send(form);
});

addEventListener("popstate", () => { if (document.querySelector("form[data-upload], [data-poll]") || history.state?.swapped !== undefined) location.reload(); });

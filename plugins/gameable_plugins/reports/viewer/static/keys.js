// Keys, and following a live run. Every page works without this file.
"use strict";

const keys = document.getElementById("keys");
const field = document.getElementById("text");
const button = document.getElementById("keys-button");
button.hidden = false;
button.addEventListener("click", () => keys.showModal());

const link = (rel) => document.querySelector(`main a[rel="${rel}"]`);

function step(by) {
  const rows = [...document.querySelectorAll("main [data-row]")];
  if (!rows.length) {
    link(by > 0 ? "next" : "prev")?.click();
    return;
  }
  const at = rows.indexOf(document.activeElement);
  const row = rows[at < 0 ? 0 : Math.min(Math.max(at + by, 0), rows.length - 1)];
  row.focus();
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || keys.open) return;
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "Escape") {
    if (typing) {
      event.target.blur();
      event.preventDefault(); // a search field would be emptied
    } else link("up")?.click();
  } else if (!typing) {
    const act = { j: () => step(1), k: () => step(-1), "?": () => keys.showModal(), "/": () => field?.focus() }[event.key];
    if (!act) return;
    act();
    event.preventDefault();
  }
});

document.querySelector("form.filter")?.addEventListener("formdata", (event) => {
  for (const [name, value] of [...event.formData]) if (!value) event.formData.delete(name); // keeps addresses short
});

async function follow() {
  if (document.hidden) return;
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) {
      part.replaceChildren(...fresh.childNodes);
    }
  }
  if (!page.body.hasAttribute("data-follow")) clearInterval(timer);
}
const timer = document.body.hasAttribute("data-follow") ? setInterval(follow, 3000) : undefined;

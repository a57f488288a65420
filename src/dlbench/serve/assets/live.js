// Replaces the parts of the page that a run changes, as the server sends them: escaped text in the server's own tags.
// Without this script the page is right too, as of the moment when it was loaded.
"use strict";

const lost = document.getElementById("connection");
const RETRY_MS = 3000;

function show(part, html) {
  const folds = [...part.querySelectorAll("details")].map((each) => each.open);
  const scrolled = [...part.querySelectorAll(".scroll")].map((each) => each.scrollLeft);
  part.innerHTML = html;
  part.querySelectorAll("details").forEach((each, number) => { each.open = folds[number] ?? false; });
  part.querySelectorAll(".scroll").forEach((each, number) => { each.scrollLeft = scrolled[number] ?? 0; });
  name();
}

function name() {
  const short = document.querySelector("[data-short]")?.dataset.short;
  document.title = `${short ? `(${short}) ` : ""}${document.body.dataset.title} · dlbench`;
}

function connect() {
  const events = new EventSource(document.body.dataset.events);
  events.onopen = () => { lost.hidden = true; };
  events.onerror = () => {
    lost.hidden = false;
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS); // else the browser tries again itself
  };
  for (const part of document.querySelectorAll("[data-part]")) {
    events.addEventListener(part.dataset.part, (event) => show(part, event.data));
  }
}

name();
connect();

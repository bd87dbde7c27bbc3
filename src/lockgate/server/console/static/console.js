// Keeps a page up to date: the stream names what changed, the page fetches itself again and takes over the parts that
// differ. Everything works without it.
"use strict";

(() => {
  const stream = document.body.dataset.stream;
  const about = document.body.dataset.request;
  const said = document.getElementById("said");
  if (said) said.focus();
  if (!stream) return;

  const announce = document.getElementById("announce");
  const state = document.getElementById("live");
  const stale = document.getElementById("stale");
  let source = null;
  let busy = false;
  let again = false;

  const parts = (root) => root.querySelectorAll("[data-live]");
  const begun = (part) =>
    part.contains(document.activeElement) ||
    [...part.querySelectorAll("textarea, input:not([type=hidden])")].some((field) =>
      field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue,
    );

  function notice(words, link, place) {
    if (!stale.hidden && stale.dataset.words === words) return;
    stale.dataset.words = words;
    const anchor = document.createElement("a");
    anchor.href = place;
    anchor.textContent = link;
    stale.replaceChildren(words + " ", anchor);
    stale.hidden = false;
  }

  function take(fresh) {
    document.title = fresh.title;
    const words = [];
    for (const part of parts(document)) {
      const now = fresh.getElementById(part.id);
      if (!now) continue;
      const opened = part.querySelectorAll("details");
      now.querySelectorAll("details").forEach((one, index) => (one.open = !!opened[index] && opened[index].open));
      if (now.outerHTML === part.outerHTML) continue;
      if (now.dataset.said && now.dataset.said !== part.dataset.said) words.push(now.dataset.said);
      if ("keep" in part.dataset && begun(part)) {
        notice("This request changed while you were deciding.", "Show it as it is now", location.pathname);
        continue;
      }
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      const place = focused && focused.getAttribute("href");
      part.replaceWith(document.adoptNode(now));
      if (!focused) continue;
      const same = place && [...now.querySelectorAll("a")].find((anchor) => anchor.getAttribute("href") === place);
      if (same) same.focus();
      else document.getElementById("main").focus();
    }
    if (words.length) announce.textContent = words.join(" ");
  }

  async function refresh() {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    do {
      again = false;
      try {
        const answer = await fetch(location.href, { headers: { "lockgate-live": "1" }, cache: "no-store" });
        if (answer.status === 401) {
          close();
          notice("Your session has ended.", "Log in again", location.pathname);
          state.textContent = "This page is not up to date: log in again.";
        } else if (answer.ok) {
          take(new DOMParser().parseFromString(await answer.text(), "text/html"));
        }
      } catch {
        state.textContent = "Lockgate does not answer: this page may be out of date.";
      }
      await new Promise((done) => setTimeout(done, 300));
    } while (again);
    busy = false;
  }

  function open() {
    if (source) return;
    source = new EventSource(stream);
    source.addEventListener("ready", () => {
      state.textContent = "This page keeps itself up to date.";
      state.dataset.state = "live";
      refresh();
    });
    source.addEventListener("changed", (event) => {
      const names = event.data.split(" ");
      if (!about || names.includes(about) || names.includes("*")) refresh();
    });
    source.addEventListener("error", () => {
      state.textContent = "Connecting again: this page may be out of date.";
      delete state.dataset.state;
      if (source && source.readyState === EventSource.CLOSED) {
        close();
        refresh();
        setTimeout(() => document.hidden || stale.dataset.words === "Your session has ended." || open(), 10000);
      }
    });
  }

  function close() {
    if (source) source.close();
    source = null;
  }

  // A browser keeps six connections to a host: only the tab that is looked at holds one.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  if (!document.hidden) open();

  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-until]")) {
      const minutes = Math.max(0, Math.floor((Date.parse(clock.dataset.until) - Date.now()) / 60000));
      const days = Math.floor(minutes / 1440);
      const hours = Math.floor((minutes % 1440) / 60);
      const units = [
        [days, "d"],
        [hours, "h"],
        [minutes % 60, "min"],
      ];
      const told = units.filter(([count]) => count).map(([count, unit]) => `${count} ${unit}`);
      clock.textContent = told.join(" ") || "less than a minute";
    }
  }, 30000);
})();

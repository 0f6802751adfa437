// Makes the pages livelier. Everything works without it, but by hand: forms are forms, links are links.
"use strict";

const byId = (id) => document.getElementById(id);
const typing = (event) => event.ctrlKey || event.metaKey || event.altKey
  || event.target.closest("input, textarea, select, summary, [contenteditable]") !== null;

/** What is left of the time of everything that expires. */
function countDown() {
  for (const one of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, Math.floor((Date.parse(one.dataset.until) - Date.now()) / 1000));
    const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
    const two = (number) => String(number).padStart(2, "0");
    one.textContent = left === 0 ? "over" : `${hours ? `${hours}:` : ""}${hours ? two(minutes) : minutes}:${two(seconds)}`;
  }
}

/** The inbox: cards come and go by themselves, and keys decide. */
class Inbox {
  constructor(list) {
    this.list = list;
    this.live = byId("live");
    byId("keys").hidden = false;
    document.addEventListener("keydown", (event) => this.key(event));
    this.listen();
  }

  get cards() {
    return [...this.list.querySelectorAll(".card")];
  }

  listen() {
    const changes = new EventSource("/changes");
    changes.addEventListener("change", () => this.refresh());
    changes.addEventListener("open", () => { this.live.hidden = true; });
    changes.addEventListener("error", () => {
      this.live.textContent = "Not connected: this page may be old. Trying again…";
      this.live.hidden = false;
    });
  }

  async refresh() {
    this.again = this.busy;
    if (this.busy) return;
    this.busy = true;
    try {
      const answer = await fetch("/inbox", { headers: { accept: "text/html" }, redirect: "error" });
      if (answer.ok) this.show(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      // Not signed in any more, or no network: the page says so when it is used.
    }
    this.busy = false;
    if (this.again) this.refresh();
  }

  /** Puts new cards in and takes those away that are gone. What somebody types in a card stays. */
  show(fresh) {
    const old = new Map(this.cards.map((card) => [card.dataset.id, card]));
    const focused = document.activeElement?.closest?.(".card")?.dataset.id;
    const wanted = [...fresh.querySelectorAll(".card")];
    wanted.forEach((card, place) => {
      const known = old.get(card.dataset.id);
      old.delete(card.dataset.id);
      const same = known && known.dataset.version === card.dataset.version;
      const shown = same ? known : document.adoptNode(card);
      if (!known) shown.classList.add("new");
      if (known && !same) known.replaceWith(shown);
      if (this.list.children[place] !== shown) this.list.insertBefore(shown, this.list.children[place] ?? null);
    });
    for (const gone of old.values()) gone.remove();
    if (focused && !byId(`a-${focused}`)) this.cards[0]?.focus();
    byId("empty").hidden = wanted.length > 0;
    const waiting = this.cards.filter((card) => card.querySelector(".decide")).length;
    const badge = byId("waiting");
    badge.textContent = badge.dataset.count = String(waiting);
    document.title = `${waiting ? `(${waiting}) ` : ""}Inbox · Gatewright`;
    countDown();
  }

  key(event) {
    if (event.key === "Escape") document.activeElement?.closest?.(".card")?.focus();
    if (typing(event)) return;
    const cards = this.cards;
    const current = document.activeElement?.closest?.(".card") ?? null;
    const move = (by) => {
      const next = cards[current ? cards.indexOf(current) + by : 0];
      next?.focus();
      next?.scrollIntoView({ block: "nearest" });
    };
    const press = (name) => current?.querySelector(`.decide button.${name}`)?.click();
    const keys = {
      j: () => move(1),
      k: () => move(-1),
      a: () => press("approve"),
      d: () => press("deny"),
      c: () => current?.querySelector(".decide input[name=comment]")?.focus(),
      Enter: () => event.target === current && current.querySelector("h2 a").click(),
    };
    if (!(event.key in keys) || (event.key === "Enter" && event.target !== current)) return;
    event.preventDefault();
    keys[event.key]();
  }
}

/** The replay of a session. Pauses in which nothing happened are cut short. */
class Player {
  constructor(bar, list) {
    this.entries = [...list.children];
    this.speed = byId("speed");
    this.position = byId("position");
    this.clock = byId("clock");
    this.button = byId("play");
    this.at = this.entries.length - 1;
    this.timer = null;
    this.position.max = String(this.entries.length - 1);
    this.position.value = this.position.max;
    bar.hidden = false;
    this.button.addEventListener("click", () => (this.timer ? this.pause() : this.play()));
    this.position.addEventListener("input", () => { this.pause(); this.go(Number(this.position.value)); });
    this.speed.addEventListener("change", () => { if (this.timer) { clearTimeout(this.timer); this.schedule(); } });
    byId("next-denied").addEventListener("click", () => this.jump("is-denied"));
    byId("next-held").addEventListener("click", () => this.jump("is-held"));
    byId("all").addEventListener("click", () => this.all());
    document.addEventListener("keydown", (event) => this.key(event));
    this.say(this.entries[this.at]);
  }

  key(event) {
    if (typing(event) || event.target.closest("button, a")) return;
    const keys = {
      " ": () => this.button.click(),
      n: () => this.jump("is-denied"),
      h: () => this.jump("is-held"),
      ArrowRight: () => this.go(this.at + 1),
      ArrowLeft: () => this.go(this.at - 1),
    };
    if (!(event.key in keys)) return;
    event.preventDefault();
    keys[event.key]();
  }

  play() {
    if (this.at >= this.entries.length - 1) this.go(0);
    this.button.setAttribute("aria-pressed", "true");
    this.button.textContent = "❚❚ Pause";
    this.schedule();
  }

  pause() {
    clearTimeout(this.timer);
    this.timer = null;
    this.button.setAttribute("aria-pressed", "false");
    this.button.textContent = "▶ Play";
  }

  schedule() {
    const next = this.entries[this.at + 1];
    if (!next) { this.pause(); return; }
    const pause = Number(next.dataset.after) - Number(this.entries[this.at].dataset.after);
    const wait = Math.min(Math.max(pause, 120), 2000) / Number(this.speed.value);
    this.timer = setTimeout(() => { this.go(this.at + 1); this.schedule(); }, wait);
  }

  go(place) {
    const at = Math.min(Math.max(place, 0), this.entries.length - 1);
    this.entries.forEach((entry, index) => {
      entry.classList.toggle("ahead", index > at);
      entry.classList.toggle("now", index === at);
      if (index === at) entry.setAttribute("aria-current", "step"); else entry.removeAttribute("aria-current");
    });
    this.at = at;
    this.position.value = String(at);
    this.say(this.entries[at]);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.entries[at]?.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
  }

  say(entry) {
    this.clock.textContent = entry?.dataset.clock ?? "";
    this.position.setAttribute("aria-valuetext", entry?.querySelector(".title b")?.textContent ?? "");
  }

  /** The next of those, and from the last on to the first. */
  jump(what) {
    this.pause();
    const current = this.entries.some((entry) => entry.classList.contains("now")) ? this.at : -1;
    const places = this.entries.flatMap((entry, index) => (entry.classList.contains(what) ? [index] : []));
    const next = places.find((place) => place > current) ?? places[0];
    if (next !== undefined) this.go(next);
  }

  all() {
    this.pause();
    for (const entry of this.entries) { entry.classList.remove("ahead", "now"); entry.removeAttribute("aria-current"); }
    this.at = this.entries.length - 1;
    this.position.value = String(this.at);
    this.say(this.entries[this.at]);
  }
}

if (byId("cards") && byId("live")) new Inbox(byId("cards"));
if (byId("player") && byId("timeline")?.children.length) new Player(byId("player"), byId("timeline"));
countDown();
setInterval(countDown, 1000);

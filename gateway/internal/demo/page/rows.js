// What the database holds, newest first, as raw as it holds it.

import { element } from "./messages.js";
import { relink } from "./link.js";

const GATHER = 120; // ms; a burst of messages is one look at the database
const POLL = 5_000; // ms; other rooms' messages don't come to this window, their rows do
const AT_REST = /^([0-9a-f]+):([0-9a-f]+):([0-9a-f]*)$/i;

// createRows fills the list; onFault hears why it can't be filled, and "" when it can again.
export function createRows({ list, home, empty, onFault }) {
  const known = new Map(); // id -> <li>
  let timer = 0;
  let busy = false;
  let again = false;
  let first = true;

  async function load() {
    if (busy) { again = true; return; }
    busy = true;
    try {
      const answer = await fetch("/demo/rows", { signal: AbortSignal.timeout(5_000) });
      const body = await answer.json();
      if (!answer.ok) throw new Error(body.error);
      show(body);
      onFault("");
    } catch (error) {
      onFault(error instanceof TypeError || error.name === "TimeoutError" ? "The gateway does not answer." : error.message);
    }
    busy = false;
    if (again) { again = false; refresh(); }
  }

  function refresh() {
    clearTimeout(timer);
    timer = setTimeout(load, GATHER);
  }

  // Rows never change, so only new ones are built. A reader who is among them keeps the place.
  function show(rows) {
    const newest = list.firstElementChild;
    let at = list.firstElementChild;
    for (const row of rows) {
      const id = String(row.id);
      let li = known.get(id);
      if (li && li === at) { at = at.nextElementSibling; continue; }
      if (!li) {
        li = build(row);
        li.classList.toggle("fresh", !first);
        known.set(id, li);
      }
      list.insertBefore(li, at);
    }
    while (at) {
      const gone = at;
      at = at.nextElementSibling;
      known.delete(gone.dataset.id);
      gone.remove();
    }
    first = false;
    empty.hidden = rows.length > 0;
    relink();
    if (list.firstElementChild !== newest && !home.matches(":hover, :focus-within, :has(.linked)")) home.scrollTop = 0;
  }

  setInterval(() => document.visibilityState === "visible" && refresh(), POLL);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());

  return {
    refresh,
    // roomOf is the room of a row on the screen, or null.
    roomOf(id) { return known.get(id)?.dataset.room ?? null; },
    reveal(id) {
      const li = known.get(id);
      li?.scrollIntoView({ block: "center" });
      li?.focus({ preventScroll: true });
    },
  };
}

function build(row) {
  const li = element("li", "row mono");
  li.tabIndex = -1;
  li.dataset.id = String(row.id);
  li.dataset.room = row.room;
  const fields = element("dl");
  const field = (name, ...values) => {
    const pair = element("div", name);
    const dd = element("dd");
    dd.append(...values);
    pair.append(element("dt", "", name), dd);
    fields.append(pair);
  };
  field("id", row.id);
  field("text", ...cipher(row));
  field("roomId", row.room);
  field("userId", row.user);
  field("createdAt", row.createdAt);
  li.append(fields);
  return li;
}

// cipher colours iv:tag:ciphertext; a text of another form is shown as it is.
function cipher({ text, bytes }) {
  const parts = AT_REST.exec(text);
  const cut = bytes > text.length ? [element("span", "cut", ` … ${bytes.toLocaleString()} bytes in all`)] : [];
  if (!parts) return [text, ...cut];
  const [, iv, tag, ct] = parts;
  return [element("span", "iv", iv), ":", element("span", "tag", tag), ":", element("span", "ct", ct), ...cut];
}

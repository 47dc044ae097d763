// Ties a message to its row: whichever of the two a person points at or focuses, both light up.
// The tie is the id that the gateway gave the row and sent with the message.

const lists = [];
const watchers = [];
let linked = "";

// linkable lets the children of list that carry data-id be linked; home is the scrolling element
// around it, whose focus lets the arrow keys walk through them.
export function linkable(list, home) {
  lists.push(list);
  const item = (target) => target?.closest?.("[data-id]");
  list.addEventListener("pointerover", (e) => link(item(e.target)?.dataset.id, list));
  list.addEventListener("pointerleave", () => link(item(document.activeElement)?.dataset.id, list));
  list.addEventListener("focusin", (e) => link(item(e.target)?.dataset.id, list));
  list.addEventListener("focusout", (e) => link(item(e.relatedTarget)?.dataset.id, list));
  list.addEventListener("click", (e) => {
    if (!e.target.closest("button") && !getSelection().toString()) item(e.target)?.focus({ preventScroll: true });
  });
  home.addEventListener("keydown", (e) => {
    if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
    const items = [...home.querySelectorAll("[data-id]")];
    const at = items.indexOf(item(document.activeElement));
    const next = at >= 0 ? items[at + (e.key === "ArrowUp" ? -1 : 1)] : e.key === "ArrowUp" ? items.at(-1) : items[0];
    if (!next) return;
    e.preventDefault();
    next.focus();
  });
}

export function onLink(watch) { watchers.push(watch); }

// relink lights up again after rows or messages came or went.
export function relink() { show(null); }

function link(id = "", from) {
  if (id === linked) return;
  linked = id;
  show(from);
}

function show(from) {
  for (const list of lists) {
    for (const el of list.querySelectorAll(".linked")) el.classList.toggle("linked", el.dataset.id === linked);
    if (!linked) continue;
    const el = list.querySelector(`[data-id="${CSS.escape(linked)}"]`);
    if (!el) continue;
    el.classList.add("linked");
    // Only the other side may move: what a person points at stays under the pointer.
    if (from && list !== from) el.scrollIntoView({ block: "nearest" });
  }
  for (const watch of watchers) watch(linked);
}

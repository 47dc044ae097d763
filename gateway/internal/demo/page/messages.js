// The messages of each room that this window has been in, in the order in which the gateway sent them.
// Text from people only ever becomes textContent.

const KEPT = 200; // messages of a room; a demo needs no more

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export function createMessages({ log, toEnd, empty, onRetry, onTrace }) {
  const rooms = new Map(); // name -> <ol>
  const pending = new Map(); // tempId -> message
  let shown = null;
  let stick = true; // the reader is at the end

  // Only scrolling up leaves the end: a notice that takes room from the log, or a message that grows, does not.
  let top = 0;
  log.addEventListener("scroll", () => {
    const up = log.scrollTop < top;
    top = log.scrollTop;
    if (log.scrollHeight - log.scrollTop - log.clientHeight < 60) {
      stick = true;
      toEnd.hidden = true;
    } else if (up) {
      stick = false;
    }
  });
  toEnd.addEventListener("click", () => settle(true));
  const resized = new ResizeObserver(() => stick && settle(true));

  function settle(force) {
    if (force || stick) {
      log.scrollTop = log.scrollHeight;
      toEnd.hidden = true;
    } else {
      toEnd.hidden = false;
    }
  }

  function listOf(room) {
    if (!rooms.has(room)) rooms.set(room, document.createElement("ol"));
    return rooms.get(room);
  }

  // place puts a message where it belongs: what is stored keeps the gateway's order, what is still
  // on its way stays below.
  function place(room, li) {
    const list = listOf(room);
    const firstUnstored = list.querySelector(":scope > .unstored");
    list.insertBefore(li, li.classList.contains("unstored") ? null : firstUnstored);
    while (list.children.length > KEPT) list.firstElementChild.remove();
    for (const el of [li, li.nextElementSibling]) {
      if (!el) continue;
      const before = el.previousElementSibling;
      el.classList.toggle("follows", !!el.dataset.user && before?.dataset.user === el.dataset.user);
    }
    showEmpty();
  }

  function showEmpty() {
    empty.hidden = !shown || shown.querySelector(".message") !== null;
  }

  function build({ text, userId, username, at, mine }) {
    const li = element("li", "message");
    li.tabIndex = -1;
    li.dataset.user = userId;
    li.classList.toggle("mine", mine);
    const time = element("time", "", clock.format(at));
    time.dateTime = at.toISOString();
    const meta = element("p", "meta");
    meta.append(time, element("span", "state"));
    li.append(element("p", "who", mine ? "You" : username), element("p", "text", text), meta);
    return li;
  }

  function identify(li, id, createdAt) {
    if (id === undefined || id === null || li.dataset.id) return;
    li.dataset.id = String(id);
    li.classList.remove("unstored");
    const at = new Date(createdAt ?? Date.now());
    if (!Number.isNaN(at.valueOf())) {
      const time = li.querySelector("time");
      time.dateTime = at.toISOString();
      time.textContent = clock.format(at);
    }
    const trace = element("button", "trace", "See its row");
    trace.type = "button";
    trace.addEventListener("click", () => onTrace(li.dataset.id));
    li.querySelector(".meta").append(trace);
  }

  return {
    // show brings a room's messages to the screen.
    show(room) {
      shown = listOf(room);
      log.replaceChildren(empty, shown);
      resized.disconnect();
      resized.observe(log);
      resized.observe(shown);
      showEmpty();
      stick = true;
      settle(true);
    },

    // compose adds a message that the gateway has not answered yet.
    compose({ tempId, room, text, me }) {
      const li = build({ text, userId: me.userId, username: me.username, at: new Date(), mine: true });
      li.classList.add("unstored");
      const state = li.querySelector(".state");
      const set = (name, text) => { li.dataset.state = name; state.textContent = text; };
      const message = {
        tempId, room, text, li,
        waiting() { set("waiting", "Waits for the connection"); },
        sending() { set("sending", "Sending"); },
        stored(id, createdAt, ms) {
          identify(li, id, createdAt);
          set("stored", ms === undefined ? "Stored" : `Stored in ${ms} ms`);
          li.classList.remove("unstored");
          pending.delete(tempId);
        },
        failed(why) {
          set("failed", why);
          const again = element("button", "again", "Try again");
          again.type = "button";
          again.addEventListener("click", () => { again.remove(); onRetry(message); });
          li.querySelector(".meta").append(again);
        },
      };
      pending.set(tempId, message);
      place(room, li);
      stick = true;
      settle(true);
      return message;
    },

    // receive takes a receive_message: another's, or the gateway's copy of one's own. Missed tells that it was said while this
    // window had no connection.
    receive(data, me, missed) {
      const room = String(data.roomId);
      const own = pending.get(data.tempId) ?? null;
      const known = own?.li ?? find(room, data.id);
      if (known) {
        own?.li.querySelector(".again")?.remove();
        own?.stored(data.id, data.createdAt);
        place(room, known); // now its place in the room's order is certain
        settle();
        return;
      }
      const userId = String(data.userId);
      const li = build({
        text: String(data.text ?? ""), userId, username: String(data.user?.username ?? userId),
        at: new Date(), mine: userId === me.userId,
      });
      identify(li, data.id, data.createdAt);
      li.classList.toggle("missed", !!missed);
      if (missed) li.querySelector(".state").textContent = "Said while you were away";
      place(room, li);
      if (listOf(room) === shown) settle();
    },

    // note adds a line about the room itself: who came, who left, what was missed.
    note(room, text) {
      place(room, element("li", "note", text));
      if (listOf(room) === shown) settle();
    },

    has(room) { return listOf(room).querySelector(".message") !== null; },

    // waiting are the messages of a room that have not been sent, oldest first.
    waiting(room) {
      return [...pending.values()].filter((m) => m.room === room && m.li.dataset.state === "waiting");
    },

    // textOf is what a row says in plaintext, if this window received it.
    textOf(id) {
      for (const room of rooms.keys()) {
        const li = find(room, id);
        if (li) return li.querySelector(".text").textContent;
      }
      return null;
    },
  };

  function find(room, id) {
    return listOf(room).querySelector(`[data-id="${CSS.escape(String(id))}"]`);
  }
}

export function element(name, className = "", text = "") {
  const el = document.createElement(name);
  if (className) el.className = className;
  if (text) el.textContent = text;
  return el;
}

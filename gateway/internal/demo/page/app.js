// One window, one person: the room they are in, what they say, and what the panels show of it.

import { linkable, onLink, relink } from "./link.js";
import { createMessages, element } from "./messages.js";
import { notice, showState, view } from "./panels.js";
import { createRows } from "./rows.js";
import { createTraffic } from "./traffic.js";
import { arrive, face, leave, mint, NAMES } from "./who.js";
import { open } from "./wire.js";

const $ = (id) => document.getElementById(id);
const narrow = matchMedia("(max-width: 979px)");
const { socketPath, database } = document.body.dataset;
const text = $("text");

const CUT = 5_000; // ms; long enough to say something in another window
const rooms = ["lobby", "kitchen", "garden"];
const secondHere = element("a", "button");

let me; // {userId, username}
let wire;
let messages;
let rows;

let room = ""; // the room on the screen
let joined = ""; // the room that the gateway has us in, "" while it does not
let left = ""; // the room that it had us in when the connection went
let away = null; // {from, to} of the last time without a connection, if the gateway tells what was said then
let joinCount = 0; // answers to an earlier join than the latest are stale
let members = [];
let membersEarly = null; // a list that came before the join's own ack
let sentCount = 0;
let rowsFault = "";

arrive(start);

function start({ userId, username, token }) {
  me = { userId, username };
  $("app").hidden = false;
  $("me").append(face(username), element("span", "", username));
  $("me").setAttribute("aria-label", `You are ${username}. Change your name`);
  $("database").textContent = $("database").title = database;
  furnish();
  wire = connect(token);
  listen();
  caption("");
  go();
  if (matchMedia("(pointer: fine)").matches) text.focus();
}

// furnish makes the panels.
function furnish() {
  const empty = element("div", "empty");
  secondHere.target = "_blank";
  secondHere.rel = "noopener";
  empty.append(
    element("b", "", "Nothing said here since you came."),
    element("span", "", "Say something, or open a second window and answer yourself. History is your web app’s part; the gateway carries what is said now."),
    secondHere,
  );
  messages = createMessages({
    log: $("log"), toEnd: $("to-end"), empty, onRetry: deliver,
    onTrace(id) { view("rows"); rows.reveal(id); },
  });
  rows = createRows({
    list: $("rows"), home: $("rows-scroll"), empty: $("rows-empty"),
    onFault(why) {
      if (why === rowsFault) return;
      rowsFault = why;
      relink();
    },
  });
  linkable($("log"), $("log"));
  linkable($("rows"), $("rows-scroll"));
  onLink(caption);
}

function connect(firstToken) {
  return open({
    path: socketPath,
    onTraffic: createTraffic({ list: $("traffic-list"), last: $("traffic-last") }),
    async token() {
      const token = firstToken || (await mint(me.username)).token;
      firstToken = "";
      return token;
    },
    onState: follow,
    on: {
      receive_message(data) {
        const said = Date.parse(data.createdAt);
        messages.receive(data, me, away && said >= away.from && said <= away.to);
        rows.refresh();
      },
      room_members(list) {
        if (!Array.isArray(list)) return;
        if (joined) showMembers(list);
        else membersEarly = list;
      },
      error(fault) {
        messages.note(room, `The gateway refused ${fault?.event ?? "an event"}: ${fault?.error ?? fault?.message ?? "no reason given"}`);
      },
    },
  });
}

// follow keeps up with the connection. One that was recovered goes on where it was, any other must join again.
function follow(state, why, recovered = false) {
  showState(state);
  $("cut").disabled = state !== "connected";
  if (state === "connected") {
    if (recovered && left === room) goOn();
    else join();
    rows.refresh();
    return;
  }
  if (joined) {
    left = joined;
    away = { from: Date.now(), to: Infinity };
  }
  joined = "";
  joinCount++;
  if (state === "reconnecting") notice(`Connection lost (${why}). Trying to come back. What you write waits here.`);
  else if (state === "connecting") notice(`No connection yet (${why}). Trying again.`);
  else if (state === "refused") notice(`The gateway refused the connection: ${why}. Trying again with a new token.`);
  else notice(`The gateway ended the connection (${why}).`, "Reconnect", () => { follow("reconnecting", why); wire.reconnect(); });
}

// goOn takes up the room that the gateway still has us in.
function goOn() {
  notice("");
  away.to = Date.now();
  joined = left;
  for (const message of messages.waiting(joined)) deliver(message);
}

function listen() {
  $("cut").addEventListener("click", () => wire.cut(CUT));
  for (const link of [$("second"), secondHere]) {
    link.addEventListener("click", (e) => {
      if (narrow.matches || e.ctrlKey || e.metaKey || e.shiftKey) return; // a tab, as the browser does it
      e.preventDefault();
      window.open(link.href, "_blank", "noopener,popup,width=460,height=820");
    });
  }
  $("me").addEventListener("click", leave);
  $("room-form").addEventListener("submit", (e) => {
    e.preventDefault();
    const name = $("room-name").value.trim();
    if (!name) return;
    $("room-name").value = "";
    location.hash = encodeURIComponent(name);
    view("chat");
  });
  $("rooms").addEventListener("click", (e) => e.target.closest("a") && view("chat"));
  addEventListener("hashchange", go);
  listenToComposer();
}

// ---- rooms: the address's #part is the room, so links, history and second windows work by themselves

function roomFromAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || rooms[0];
  } catch {
    return rooms[0];
  }
}

function go() {
  const name = roomFromAddress();
  if (name === room) return;
  room = name;
  if (!rooms.includes(name)) rooms.push(name);
  showRooms();
  messages.show(room);
  showMembers([], true);
  join();
}

async function join() {
  joined = left = "";
  away = null;
  membersEarly = null;
  const count = ++joinCount;
  if (!wire.connected) return;
  notice("");
  const asked = room;
  const reply = await wire.call("join_room", asked);
  if (count !== joinCount) return;
  if (!reply.ok) {
    notice(`You can’t enter ${asked}: ${reply.error ?? reply.code}`, "Try again", join);
    return;
  }
  if (messages.has(asked)) messages.note(asked, "You are back. What was said meanwhile did not come to this window.");
  joined = asked;
  showMembers(reply.members ?? membersEarly ?? [], true);
  for (const message of messages.waiting(asked)) deliver(message);
}

function showRooms() {
  $("rooms").replaceChildren(...rooms.map((name) => {
    const link = element("a", "", name);
    link.href = `#${encodeURIComponent(name)}`;
    if (name === room) link.setAttribute("aria-current", "page");
    const li = element("li");
    li.append(link);
    return li;
  }));
  $("room-title").textContent = room;
  $("log").setAttribute("aria-label", `Messages in ${room}. Arrow keys walk through them`);
  $("text").placeholder = `Message ${room}`;
  document.title = `${room} · ${me.username} · Socketgate demo`;
}

function showMembers(list, quiet = false) {
  const who = (m) => String(m.username ?? m.userId);
  if (!quiet) {
    const missing = (a, b) => a.filter((m) => !b.some((n) => String(n.userId) === String(m.userId)));
    for (const m of missing(list, members)) messages.note(room, `${who(m)} came in`);
    for (const m of missing(members, list)) messages.note(room, `${who(m)} left`);
  }
  members = list;
  $("member-count").textContent = list.length || "";
  $("room-people").textContent = list.length === 0 ? "" : list.length === 1 ? "1 person" : `${list.length} people`;
  $("members").replaceChildren(...list.map((m) => {
    const li = element("li");
    li.append(face(who(m)), element("span", "", who(m)));
    if (String(m.userId) === me.userId) li.append(element("span", "dim", "you"));
    return li;
  }));
  showSecond();
}

// The second window is the first friendly name that is not in the room yet.
function showSecond() {
  const other = NAMES.find((n) => n.toLowerCase() !== me.userId && !members.some((m) => m.username === n)) ?? NAMES[0];
  const label = `Open ${members.length > 1 ? "another" : "a second"} window as ${other}`;
  secondHere.textContent = label;
  $("second").replaceChildren(element("span", "long", label), element("span", "short", `+ ${other}`));
  $("second").setAttribute("aria-label", label);
  for (const link of [$("second"), secondHere]) {
    link.href = `${location.pathname}?as=${encodeURIComponent(other)}#${encodeURIComponent(room)}`;
  }
}

// ---- sending

function listenToComposer() {
  $("composer").addEventListener("submit", (e) => {
    e.preventDefault();
    const said = text.value.trim();
    if (!said) return;
    text.value = "";
    grow();
    const tempId = `${me.userId}-${Date.now().toString(36)}-${++sentCount}`;
    deliver(messages.compose({ tempId, room, text: said, me }));
  });
  text.addEventListener("keydown", (e) => {
    if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
    e.preventDefault();
    $("composer").requestSubmit();
  });
  text.addEventListener("input", grow);
}

function grow() {
  text.style.height = "auto";
  text.style.height = `${Math.min(text.scrollHeight, 160)}px`;
}

async function deliver(message) {
  if (joined !== message.room) {
    message.waiting(); // join() sends it
    return;
  }
  message.sending();
  const began = performance.now();
  const reply = await wire.call("send_message", { text: message.text, roomId: message.room, tempId: message.tempId });
  if (reply.ok) {
    message.stored(reply.message?.id, reply.message?.createdAt, Math.max(1, Math.round(performance.now() - began)));
    rows.refresh();
  } else if (message.li.dataset.state === "sending") {
    message.failed(reply.code === "no_answer" ? "No answer: it may be stored, or not" : `Not sent: ${reply.error ?? reply.code}`);
  }
}

// ---- the tie between the two halves, in words

function caption(id) {
  const el = $("caption");
  el.classList.toggle("error", !id && !!rowsFault);
  if (!id) {
    el.textContent = rowsFault ? `${rowsFault} Trying again.` : "Point at a message or a row: its other half lights up.";
    return;
  }
  const said = messages.textOf(id);
  const where = rows.roomOf(id);
  if (said !== null && where === null) el.textContent = "Its row is older than those shown here.";
  else if (said !== null) el.replaceChildren("This row is ", element("q", "", said.length > 60 ? `${said.slice(0, 60)}…` : said), " at rest.");
  else el.textContent = `Said in ${where} before or after you were there: this window never received it.`;
}

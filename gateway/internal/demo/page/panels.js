// The frame around the chat: which panel is in front where there is room for one only, the strip of
// events, the state of the connection, and the notice above the composer.

const $ = (id) => document.getElementById(id);

const states = {
  connecting: "Connecting",
  connected: "Connected",
  reconnecting: "Reconnecting",
  refused: "Refused",
  ended: "Disconnected",
};

// view brings a panel to the front: "chat", "people", "rows" or "traffic".
export function view(name) {
  $("app").dataset.view = name;
  for (const tab of $("tabs").children) {
    if (tab.dataset.view === name) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  if (name === "chat") $("log").scrollTop = $("log").scrollHeight;
}

// showState takes a state of wire.js.
export function showState(state) {
  $("status").dataset.state = state;
  $("status").lastElementChild.textContent = states[state];
  $("app").classList.toggle("offline", state !== "connected");
}

// notice says something above the composer, with a button if there is something to do; "" takes it away.
export function notice(words, action = "", act = null) {
  const [span, button] = $("notice").children;
  $("notice").hidden = !words;
  span.textContent = words;
  button.hidden = !action;
  button.textContent = action;
  button.onclick = act;
}

function expandTraffic(open) {
  $("traffic-toggle").setAttribute("aria-expanded", String(open));
  $("traffic").classList.toggle("open", open);
  if (open) $("traffic-list").scrollTop = $("traffic-list").scrollHeight;
}

$("tabs").addEventListener("click", (e) => e.target.dataset.view && view(e.target.dataset.view));
$("traffic-toggle").addEventListener("click", () => expandTraffic(!$("traffic").classList.contains("open")));
addEventListener("keydown", (e) => {
  if (e.key !== "Escape" || e.isComposing) return;
  expandTraffic(false);
  view("chat");
  $("text").focus();
});
view("chat");

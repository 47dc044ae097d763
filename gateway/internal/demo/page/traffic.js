// The last events that passed over the connection, for readers who write clients.

import { element } from "./messages.js";

const KEPT = 100; // events
const SHOWN = 400; // characters of a payload

const marks = { out: ["↑", "sent"], in: ["↓", "received"], ack: ["✓", "acknowledged"], line: ["·", "connection"] };
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

// createTraffic returns add(way, event, payload).
export function createTraffic({ list, last }) {
  return function add(way, event, payload) {
    const [mark, meaning] = marks[way];
    const arrow = element("span", "mark", mark);
    arrow.title = meaning;
    const body = clip(JSON.stringify(payload) ?? "");
    const name = way === "ack" ? `${event} ack` : event;
    const li = element("li", way);
    li.append(element("time", "", clock.format(new Date())), arrow, element("b", "", name), element("span", "payload", body));

    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
    list.append(li);
    while (list.children.length > KEPT) list.firstElementChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
    last.textContent = `${mark} ${name} ${body}`;
  };
}

function clip(text) {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

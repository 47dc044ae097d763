// Who this window is. Two windows of one browser share cookies but not sessionStorage, so each can be
// somebody else, and stays so when it is reloaded.

import { element } from "./messages.js";

export const NAMES = ["Maya", "Jonas", "Priya", "Tomás", "Lin", "Inês"];
const KEY = "socketgate-demo-name";

const $ = (id) => document.getElementById(id);

// mint resolves to {userId, username, token}, or fails with what to tell a person.
export async function mint(name) {
  const answer = await fetch("/demo/token", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ name }),
    signal: AbortSignal.timeout(8_000),
  }).catch(() => { throw new Error("The gateway does not answer. Is it running?"); });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error);
  return body;
}

// face is a person's initial in a colour of their own.
export function face(name) {
  const el = element("span", "face", [...name][0]?.toUpperCase() ?? "?");
  let sum = 0;
  for (const c of name.toLowerCase()) sum = (sum * 31 + c.codePointAt(0)) % 997;
  el.classList.add(`hue-${sum % 6}`);
  el.setAttribute("aria-hidden", "true");
  return el;
}

// arrive calls start with an identity: that of ?as=Name, of this window before its reload, or of the
// name that a person chooses.
export function arrive(start) {
  async function enter(name) {
    try {
      const identity = await mint(name);
      sessionStorage.setItem(KEY, identity.username);
      $("hello").hidden = true;
      start(identity);
    } catch (error) {
      ask(error.message, name);
    }
  }

  function ask(complaint = "", typed = "") {
    $("hello").hidden = false;
    $("name-error").textContent = complaint;
    $("name").value = typed;
    if (complaint) $("name").focus();
  }

  for (const name of NAMES.slice(0, 2)) {
    const button = element("button", "name");
    button.type = "button";
    button.append(face(name), name);
    button.addEventListener("click", () => enter(name));
    $("names").append(button);
  }
  $("name-form").addEventListener("submit", (e) => {
    e.preventDefault();
    enter($("name").value);
  });

  const name = takeFromAddress() ?? sessionStorage.getItem(KEY);
  if (name) enter(name);
  else ask();
}

function takeFromAddress() {
  const here = new URL(location.href);
  const name = here.searchParams.get("as");
  here.searchParams.delete("as");
  history.replaceState(null, "", here);
  return name;
}

// leave makes this window nobody's again.
export function leave() {
  sessionStorage.removeItem(KEY);
  location.reload();
}

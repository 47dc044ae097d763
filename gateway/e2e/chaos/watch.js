// What those see who stay in one room: who is in it, while things go wrong and in the calm after it.
import { setTimeout as pause } from 'node:timers/promises';

const CALM = 5_000; // milliseconds, after which every list must be exact
const BACK = 60_000; // how long everybody may take to be back in their rooms

/** Of the people, each watcher tells the chronicle of every list. */
export function watch(people, chronicle) {
  for (const one of people.filter(({ watches }) => watches)) {
    one.socket.on('room_members', (list) => {
      one.list = new Set(list.map(({ username }) => username));
      chronicle.listed(one.name, one.watches, one.list, members(people, one.watches));
    });
  }
}

/** Has nobody change rooms until all are back and have been for CALM, and tells the chronicle how their lists are then. */
export async function calm(people, chronicle) {
  for (const one of people) one.rests = true;
  const deadline = performance.now() + BACK;
  while (!people.every((one) => one.settled) && performance.now() < deadline) await pause(20);
  const back = performance.now();
  let healed = 0;
  let wrong = [];
  while (performance.now() < back + CALM) {
    await pause(50);
    wrong = wrongLists(people);
    if (wrong.length > 0) healed = performance.now() - back;
  }
  chronicle.calm(wrong, healed);
  for (const one of people) one.rests = false;
}

function wrongLists(people) {
  return people.filter(({ watches }) => watches).flatMap(({ name, watches: room, list = new Set() }) => {
    const wanted = new Set(members(people, room).map((member) => member.name));
    const [lacking, extra] = [without(wanted, list), without(list, wanted)];
    return lacking.length + extra.length > 0 ? [`the list of ${room} that ${name} has lacks [${lacking}] and has too many [${extra}]`] : [];
  });
}

const without = (some, others) => [...some].filter((name) => !others.has(name));

function members(people, room) {
  return people.flatMap(({ name, line, story, memberships }) => memberships.flatMap((membership) => {
    const { joined, leaveAsked } = membership;
    return membership.room === room && membership.current ? [{ name, joined, leaveAsked, brokenAt: line?.brokenAt, story }] : [];
  }));
}

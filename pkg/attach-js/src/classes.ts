/** The prototype of an object's class that defines a method, the first time that it is asked for; those seen before are in `seen`. */
export function newlyDefining(method: string, object: object, seen: WeakSet<object>): object | undefined {
  let made: object | null = object;
  while (made && !Object.hasOwn(made, method)) made = Object.getPrototypeOf(made);
  if (!made || seen.has(made)) return undefined;
  seen.add(made);
  return made;
}

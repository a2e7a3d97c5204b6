/** Names that people misspell: in settings, and in the fields of an event. @module */

/** Whether one letter was changed, left out, added or exchanged with its neighbour, or letters are in other case. */
export function isNear(given: string, wanted: string): boolean {
  // First, because a start compares each variable of the environment with each setting.
  if (Math.abs(given.length - wanted.length) > 1) return false;
  const name = given.toLowerCase(), goal = wanted.toLowerCase();
  if (name === goal) return true;
  let at = 0;
  while (at < goal.length && name[at] === goal[at]) at++;
  const rest = (text: string, from: number) => text.slice(from);
  return rest(name, at + 1) === rest(goal, at + 1) || rest(name, at) === rest(goal, at + 1) ||
    rest(name, at + 1) === rest(goal, at) ||
    (name[at] === goal[at + 1] && name[at + 1] === goal[at] && rest(name, at + 2) === rest(goal, at + 2));
}

import type { Piece } from "./batch";

const MOST_ATTACHMENTS = 10;

/** How many frames the packet has that begins with this one: 1 and its attachments, which "51-[…" or "62-/admin,7[…" announce. */
export function piecesOf(head: Piece): number {
  if (typeof head !== "string" || (head[0] !== "5" && head[0] !== "6")) return 1;
  const dash = head.indexOf("-");
  if (dash < 2 || dash > 3) return 1;
  const count = Number(head.slice(1, dash));
  return Number.isInteger(count) && count <= MOST_ATTACHMENTS ? 1 + count : 1;
}

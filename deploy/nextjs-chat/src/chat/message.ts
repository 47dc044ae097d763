/** A message as the pages know it: in plain text, with the name of its author, times in ISO 8601. */
export type Message = {
  id: string;
  text: string;
  userId: string;
  username: string;
  roomId: string;
  createdAt: string;
  /** The app could not decrypt what is stored. */
  unreadable?: boolean;
};

export type Member = { userId: string; username: string };

export type RoomSummary = { id: string; name: string; createdAt: string; last?: Message };

/** Longest text of a message, in UTF-16 units: far below the gateway's MAX_TEXT. */
export const MAX_TEXT = 4000;

import { headOf, type Head, type HeadInJson, type PackedHead } from "./head";
import type { PresentedSocket } from "./restoration";

/** A client that the gateway has, new or presented again, as it tells this process of it. */
export interface Open {
  client: number;
  sid: string;
  transport: string;
  issued: number;
  asked?: number;
  head: Head | PackedHead;
  sockets?: PresentedSocket[];
  ended?: string;
}

export type OpenInJson = Omit<Open, "head"> & { head: HeadInJson };

export function opened(open: OpenInJson): Open {
  return { ...open, head: headOf(open.head) };
}

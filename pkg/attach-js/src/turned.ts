import { requestOf } from "./exchange";
import { headOf, type HeadInJson } from "./head";
import { query } from "./request";

/** A request that a gateway has turned away. */
export interface Turned {
  head: HeadInJson;
  code: number;
  message: string;
  /** As the gateway's metrics name it. */
  cause: string;
}

/** What listeners of `connection_error` are given, as Engine.IO has it. */
export function connectionError({ head, code, message, cause }: Turned): { req: object; code: number; message: string; context: object } {
  return { req: requestOf(headOf(head)), code, message, context: contextOf(code, head, cause) };
}

function contextOf(code: number, { method, url }: HeadInJson, cause: string): object {
  const { transport, sid, EIO } = query(url);
  switch (code) {
    case 0:
      return { transport };
    case 1:
      return { sid };
    case 2:
      return { method };
    case 5:
      return { protocol: EIO === "4" ? 4 : 3 };
  }
  return { name: cause === "bad request" ? (sid ? "TRANSPORT_MISMATCH" : "TRANSPORT_HANDSHAKE_ERROR") : cause };
}

/** The operations of the link, as PROTOCOL.md numbers them. */
export const Op = {
  Hello: 0x00,
  Welcome: 0x01,
  Refused: 0x02,
  Ping: 0x03,
  Pong: 0x04,
  Settings: 0x05,

  Packet: 0x10,
  Open: 0x11,
  Closed: 0x12,
  Upgraded: 0x13,
  Ask: 0x14,
  BusFrom: 0x15,
  Peers: 0x16,
  Presented: 0x17,
  Draining: 0x18,
  Recovered: 0x19,
  Moved: 0x1a,
  Held: 0x1b,
  LetIn: 0x1c,
  Words: 0x1d,
  Enter: 0x1e,

  Send: 0x20,
  Cast: 0x21,
  Join: 0x22,
  Leave: 0x23,
  Socket: 0x24,
  Gone: 0x25,
  Data: 0x26,
  Close: 0x27,
  Answer: 0x28,
  Bus: 0x29,
  Ready: 0x2a,
  Taken: 0x2b,
  Bye: 0x2c,
  Recover: 0x2d,
  Keep: 0x2e,
} as const;

/** Flags of Send and Cast. */
export const Flag = { Volatile: 1, NoCompress: 2, OwnLink: 4, Keep: 8 } as const;

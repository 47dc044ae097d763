/**
 * Tabs of one browser share the login cookie. Each tells the others whose it thinks that is, nobody's on the login page, so
 * that no window goes on in the name of somebody who has logged out.
 */
export function tellOtherTabs(userId: string): void {
  const channel = new BroadcastChannel('session');
  channel.postMessage(userId);
  channel.close();
}

/** Calls back when another tab is somebody else's; returns how to stop. */
export function onOtherSession(userId: string, callback: () => void): () => void {
  const channel = new BroadcastChannel('session');
  channel.onmessage = ({ data }) => data !== userId && callback();
  return () => channel.close();
}

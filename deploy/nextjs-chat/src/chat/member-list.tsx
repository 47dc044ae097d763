import { Avatar } from './avatar';
import type { Member } from './message';

/** Who is in the room: me first, then by name. A stale list is the last that was heard before the connection went. */
export function MemberList({ members, me, open, stale }: { members: Member[]; me: string; open: boolean; stale: boolean }) {
  const others = members.filter(({ userId }) => userId !== me).sort((a, b) => a.username.localeCompare(b.username));
  const sorted = [...members.filter(({ userId }) => userId === me), ...others];
  return (
    <aside id="members" className="members" data-open={open} data-stale={stale} aria-label="In this room">
      <h2>In this room {!stale && <span className="count">{members.length}</span>}</h2>
      <ul>
        {sorted.map(({ userId, username }) => (
          <li key={userId} data-user={username}>
            <Avatar name={username} />
            <span className="name">{username}</span>
            {userId === me && <span className="you">you</span>}
          </li>
        ))}
      </ul>
      {!stale && members.length === 1 && <p className="hint">Nobody else is here yet. Share the address of this page.</p>}
    </aside>
  );
}

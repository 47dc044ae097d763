-- apply writes one node's part of a room's hash: the fields that ARGV has from at on, as epoch, mark (empty: nobody is left), how many
-- strings of names and values follow to be set, these, how many names follow to be deleted, and these. It returns where the next begins.
local function apply(room, at)
  if type(redis.pcall('HLEN', room)) == 'table' then -- an error: what is there is no hash, and so nobody's who is a member
    redis.call('DEL', room)
  end
  local epoch, mark = ARGV[at], ARGV[at + 1]
  local set = tonumber(ARGV[at + 2])
  if set > 0 then
    redis.call('HSET', room, unpack(ARGV, at + 3, at + 2 + set))
  end
  at = at + 3 + set
  local gone = tonumber(ARGV[at])
  if gone > 0 then
    redis.call('HDEL', room, unpack(ARGV, at + 1, at + gone))
  end
  if mark == '' then
    redis.call('HDEL', room, epoch)
  else
    redis.call('HSET', room, epoch, mark)
  end
  return at + 1 + gone
end

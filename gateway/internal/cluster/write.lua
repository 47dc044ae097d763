-- Writes a batch of one node and tells all nodes. KEYS: the nodes that are known, the node's rooms, and the rooms, unless they have been
-- written already. ARGV: the node's epoch, the sequence that must be known, the new one, the channel, what is told, how many rooms there are,
-- the name and mark of each, and then what apply reads of each.
local told = redis.call('HGET', KEYS[1], ARGV[1])
if not told or tonumber(told) < tonumber(ARGV[2]) then
  return 0
end
local rooms = tonumber(ARGV[6])
for i = 1, rooms do
  local name, mark = ARGV[5 + 2 * i], ARGV[6 + 2 * i]
  if mark == '' then
    redis.call('HDEL', KEYS[2], name)
  else
    redis.call('HSET', KEYS[2], name, mark)
  end
end
local at = 7 + 2 * rooms
for i = 3, #KEYS do
  at = apply(KEYS[i], at)
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], 'w' .. ARGV[1] .. ' ' .. told .. ' ' .. ARGV[3] .. ' ' .. ARGV[5])
return 1

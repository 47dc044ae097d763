-- Renews a node's lease, and reads who has one. KEYS: the nodes that are known, this one's lease, and the nodes that are over.
-- ARGV: its epoch, the sequence that must be known, the lease in milliseconds, what the names of leases begin with, and what this lease says.
local told = redis.call('HGET', KEYS[1], ARGV[1])
if not told or tonumber(told) < tonumber(ARGV[2]) then
  return {0}
end
redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[3])
local alive, expired = {}, {}
local known = redis.call('HGETALL', KEYS[1])
for i = 1, #known, 2 do
  local left = redis.call('PTTL', ARGV[4] .. known[i])
  if left ~= -2 then -- it is there
    alive[#alive + 1] = known[i]
    alive[#alive + 1] = known[i + 1]
    alive[#alive + 1] = tostring(left)
  else
    expired[#expired + 1] = known[i]
  end
end
return {1, alive, expired, redis.call('SMEMBERS', KEYS[3])}

-- Ends an epoch whose lease is over, so that it can write nothing any more. KEYS: the nodes that are known, the lease, and the nodes that
-- are over. ARGV: the epoch.
if redis.call('EXISTS', KEYS[2]) == 1 then
  return 0
end
if redis.call('HDEL', KEYS[1], ARGV[1]) == 1 then
  redis.call('SADD', KEYS[3], ARGV[1])
end
return 1

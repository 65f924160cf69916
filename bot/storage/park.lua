--[[
Give a lease back with mail and draft kept, for any process to reclaim at once.

ARGV  6 turn, 7 fence
Returns  1, or 0 when the lease is not the caller's
--]]
if not mine(ARGV[6], ARGV[7]) then
  return 0
end
redis.call("HINCRBY", META, "fence", 1)
redis.call("HSET", META, "until", 0, "parked", 1)
redis.call("HDEL", META, "grant")
redis.call("ZADD", LEASES, 0, THREAD)
return 1

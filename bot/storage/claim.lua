--[[
Take a name for a while, or keep it.

KEYS  1 the claim
ARGV  1 holder, 2 how long (ms)
Returns  0 when it is the holder's now, else the milliseconds until it is free
--]]
local held = redis.call("GET", KEYS[1])
if held and held ~= ARGV[1] then
  return math.max(1, redis.call("PTTL", KEYS[1]))
end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 0

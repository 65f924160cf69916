--[[
End a token; safe to repeat.

KEYS  1 K:tokens, 2 K:ids, 3 K:of:<person>, 4 K:used
ARGV  1 digest, 2 id
Returns  1 when it was there, else 0
--]]
local there = redis.call("HDEL", KEYS[1], ARGV[1])
redis.call("HDEL", KEYS[2], ARGV[2])
redis.call("SREM", KEYS[3], ARGV[1])
redis.call("HDEL", KEYS[4], ARGV[1])
return there

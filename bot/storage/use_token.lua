--[[
Note that a token was used; safe to repeat.

KEYS  1 K:tokens, 2 K:used
ARGV  1 digest, 2 when (s)
--]]
if redis.call("HEXISTS", KEYS[1], ARGV[1]) == 1 then
  redis.call("HSET", KEYS[2], ARGV[1], ARGV[2])
end
return 1

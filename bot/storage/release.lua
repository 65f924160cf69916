--[[
Give a name back.

KEYS  1 the claim
ARGV  1 holder
Returns  1 when it was the holder's, else 0
--]]
if redis.call("GET", KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call("DEL", KEYS[1])

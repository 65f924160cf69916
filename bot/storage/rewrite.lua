--[[
Keep a text in the place of the one that its writer knows. To do it again changes nothing.

KEYS  1 the notes
ARGV  1 name, 2 the text that is known, 3 the new one
Returns  1 when the new one stands there, else 0
--]]
local found = redis.call("HGET", KEYS[1], ARGV[1])
if found == ARGV[2] then
  redis.call("HSET", KEYS[1], ARGV[1], ARGV[3])
  return 1
end
return found == ARGV[3] and 1 or 0

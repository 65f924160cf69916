--[[
One command about many keys.

KEYS  what it is about, one after the other
ARGV  1 the command, then what follows the key in it
Returns  the reply for each key
--]]
local replies = {}
for i, key in ipairs(KEYS) do
  replies[i] = redis.call(ARGV[1], key, unpack(ARGV, 2))
end
return replies

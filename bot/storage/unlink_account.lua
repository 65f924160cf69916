--[[
Take an account out of those that are linked with it, and end its code; safe to repeat.

KEYS  1 L:groups, 2 L:codes, 3 L:news
ARGV  1 the account, 2 what names of codes begin with, 3 what names of answers begin with
Returns  1 when it was linked, else 0
--]]
local GROUPS, CODES, WHO = KEYS[1], KEYS[2], ARGV[1]

local code = redis.call("HGET", CODES, WHO)
if code then
  redis.call("DEL", ARGV[2] .. code)
  redis.call("HDEL", CODES, WHO)
end
redis.call("HDEL", KEYS[3], WHO)
redis.call("DEL", ARGV[3] .. WHO)
local group = redis.call("HGET", GROUPS, WHO)
if not group then
  return 0
end
local left = {}
for name in string.gmatch(group, "%S+") do
  if name ~= WHO then
    left[#left + 1] = name
    -- It may name the account.
    redis.call("DEL", ARGV[3] .. name)
  end
end
for _, name in ipairs(left) do
  if #left > 1 then
    redis.call("HSET", GROUPS, name, table.concat(left, " "))
  else
    redis.call("HDEL", GROUPS, name)
  end
end
redis.call("HDEL", GROUPS, WHO)
return 1

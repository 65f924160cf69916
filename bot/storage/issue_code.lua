--[[
Let a code be redeemed for a while; an earlier one of the same account ends. Safe to repeat.

KEYS  1 L:code:<digest of the new one>, 2 L:codes
ARGV  1 the account, 2 digest of the new one, 3 how long (s), 4 what the names of codes begin with
--]]
local CODE, CODES = KEYS[1], KEYS[2]

local before = redis.call("HGET", CODES, ARGV[1])
redis.call("SET", CODE, ARGV[1], "EX", ARGV[3])
redis.call("HSET", CODES, ARGV[1], ARGV[2])
if before and before ~= ARGV[2] then
  redis.call("DEL", ARGV[4] .. before)
end
return 1

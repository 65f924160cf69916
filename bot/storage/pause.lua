--[[
No calls in one scope for a while: the platform has said so. A shorter pause does not end a longer
one.

KEYS  1 state, as in reserve.lua
ARGV  1 how long (ms)
--]]
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local till = now + tonumber(ARGV[1])
till = math.max(till, tonumber(redis.call("HGET", KEYS[1], "paused") or "0"))
redis.call("HSET", KEYS[1], "paused", string.format("%.0f", till))
local stays = math.max(till - now + 1000, redis.call("PTTL", KEYS[1]))
redis.call("PEXPIRE", KEYS[1], string.format("%.0f", stays))
return 0

--[[
Use one of a number of turns that come back one by one. What is kept is the time up to which they
are used up, and the nonce of the last call that used one: sent again, it gives the same answer.

KEYS  1 the rate
ARGV  1 nonce, 2 how many turns there are, 3 one more comes back so often (ms)
Returns  0 when one was used, else the milliseconds until there is one
--]]
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local burst, each = tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call("HGET", KEYS[1], "nonce") == ARGV[1] then
  return 0
end
local used = math.max(now, tonumber(redis.call("HGET", KEYS[1], "until") or "0"))
local wait = used - now - (burst - 1) * each
if wait > 0 then
  return math.ceil(wait)
end
redis.call("HSET", KEYS[1], "until", string.format("%.0f", used + each), "nonce", ARGV[1])
redis.call("PEXPIRE", KEYS[1], string.format("%.0f", used + each - now + 600000))
return 0

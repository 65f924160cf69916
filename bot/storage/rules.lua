--[[
Change what is set for a channel; the same change made twice is made once.

KEYS  1 B:rules:<channel>, 2 B:ruled
ARGV  1 name of the channel, 2 caller's clock (ms), 3.. field and value pairs, "" for not set
Returns  1 when something is set for the channel now, else 0
--]]
redis.call("ZADD", KEYS[2], ARGV[2], ARGV[1])
for place = 3, #ARGV, 2 do
  if ARGV[place + 1] == "" then
    redis.call("HDEL", KEYS[1], ARGV[place])
  else
    redis.call("HSET", KEYS[1], ARGV[place], ARGV[place + 1])
  end
end
local set = redis.call("EXISTS", KEYS[1])
if set == 0 then
  redis.call("ZREM", KEYS[2], ARGV[1])
end
return set

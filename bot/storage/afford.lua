--[[
Reserve what an answer will probably take, if every budget allows it and it is not asked for too
often. A turn reserves once, whoever takes it over; the reservation stands as used until `settle`
puts the real figures in its place.

Fields of a day's hash
  <account>|t, <account>|c   tokens, millionths of a dollar: used and reserved
  hold:<turn>                what a turn has reserved, as "tokens,cost"
  done:<nonce>               a charge that was made
Of whoever has asked within the last minute a sorted set says when as many requests have come back as
were made (ms), whatever the day.

KEYS  1 today's hash, 2 yesterday's, 3 who has asked lately
ARGV  1 turn, 2 tokens, 3 cost, 4 lifetime of the hash (s), 5 the user in the third,
      6 requests a minute (0 for no limit), then for each account: its name, most tokens, most
      cost (-1 for no limit)
Returns  {"ok"} | {"again"} | {"soon", ms} | {"over", number of the account, "t" or "c", used, limit}
--]]
local HOLD = "hold:" .. ARGV[1]
if redis.call("HEXISTS", KEYS[1], HOLD) == 1 or redis.call("HEXISTS", KEYS[2], HOLD) == 1 then
  return { "again" }
end

local wanted = { t = tonumber(ARGV[2]), c = tonumber(ARGV[3]) }
for place = 7, #ARGV, 3 do
  for number, figure in ipairs({ "t", "c" }) do
    local limit = tonumber(ARGV[place + number])
    local used = tonumber(redis.call("HGET", KEYS[1], ARGV[place] .. "|" .. figure) or "0")
    if limit >= 0 and used + wanted[figure] > limit then
      return { "over", (place - 7) / 3, figure, used, limit }
    end
  end
end

local often = tonumber(ARGV[6])
if often > 0 then
  local time = redis.call("TIME")
  local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local each = 60000 / often
  local from = math.max(now, tonumber(redis.call("ZSCORE", KEYS[3], ARGV[5]) or "0"))
  local wait = from - now - (often - 1) * each
  -- Less than a millisecond is rounding.
  if wait > 1 then
    return { "soon", math.ceil(wait) }
  end
  redis.call("ZREMRANGEBYSCORE", KEYS[3], "-inf", now)
  redis.call("ZADD", KEYS[3], string.format("%.6f", from + each), ARGV[5])
  redis.call("EXPIRE", KEYS[3], 61)
end

for place = 7, #ARGV, 3 do
  redis.call("HINCRBY", KEYS[1], ARGV[place] .. "|t", ARGV[2])
  redis.call("HINCRBY", KEYS[1], ARGV[place] .. "|c", ARGV[3])
end
redis.call("HSET", KEYS[1], HOLD, ARGV[2] .. "," .. ARGV[3])
redis.call("EXPIRE", KEYS[1], ARGV[4])
return { "ok" }

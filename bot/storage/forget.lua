--[[
Remove a thread with everything that points to it, and fence off whoever runs a turn in it.

Events taken in the last day stay known by the digests of their ids (B:event), which tell nothing
of who said what or where: a message delivered once more must not be answered again. When
somebody asked for it, the time and the position of the newest message are kept too, so that what
the platform still shows from before, or delivers late, is not taken in again. When the whole place
is gone nothing comes from there any more, and only late writers are kept off for some minutes.

KEYS  12 B:answer:<nonce>, 13 B:forgotten
ARGV  6 "" when somebody asked for it, "gone" when its place is gone, else only when last written
      at or before this time (ms)
Returns  {messages, summary (1/0), took part (1/0), turn ran (1/0), names}, all -1 when it is too
         young
--]]
local ANSWER, FORGOTTEN, WHY = KEYS[12], KEYS[13], ARGV[6]

local told = redis.call("GET", ANSWER)
if told then
  local figures = {}
  for figure in string.gmatch(told, "%d+") do
    figures[#figures + 1] = tonumber(figure)
  end
  return figures
end
if WHY ~= "" and WHY ~= "gone" and number("last") > tonumber(WHY) then
  return { -1, -1, -1, -1, -1 }
end
local found = {
  redis.call("HLEN", LOG) + redis.call("LLEN", QUEUE) + redis.call("LLEN", MAIL),
  redis.call("HEXISTS", META, "summary"),
  redis.call("HEXISTS", META, "part"),
  redis.call("HEXISTS", META, "turn"),
  redis.call("HLEN", NAMES),
}
local newest = get("newest") or get("forgotten_to")
redis.call("SET", ANSWER, table.concat(found, ","), "EX", ANSWER_SECONDS)
wipe()
if redis.call("ZCARD", SAID) == 1 then
  redis.call("UNLINK", SAID)
end
redis.call("ZREM", FORGOTTEN, THREAD)
if WHY == "gone" then
  redis.call("EXPIRE", META, ANSWER_SECONDS)
elseif WHY == "" and redis.call("EXISTS", META) == 1 then
  redis.call("HSET", META, "forgotten", NOW)
  redis.call("ZADD", FORGOTTEN, NOW, THREAD)
  redis.call("EXPIRE", FORGOTTEN, whole(RETENTION))
  if newest then
    redis.call("HSET", META, "forgotten_to", newest)
  end
  redis.call("EXPIRE", META, whole(RETENTION))
end
return found

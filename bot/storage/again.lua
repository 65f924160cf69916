--[[
Begin a turn that somebody asked for with a control: the last answer is given anew or goes on, or a
question whose turn failed for good is asked once more. Nothing is changed if the thread is not as
the caller saw it.

KEYS  12 B:event:<digest>
ARGV  6 turn id if one begins, 7 worker, 8 epoch and 9 number of the newest entry as they were seen,
      10 what for, 11 the turn that failed ("" when the newest entry is an answer that is to be
      replaced), 12 draft (JSON), 13 when it was asked for (ms), 14 who had asked (JSON), 15 number
      of the entry that is replaced, 16.. mail (JSON); a retry has the mail that is kept
Returns  {"duplicate"} | {"running"} | {"stale"} | {"folded"} | state("run")
--]]
local EVENT = KEYS[12]

local taken_by = redis.call("GET", EVENT)
if taken_by then
  if taken_by == NONCE and get("grant") == NONCE then
    hold()
    return state("run")
  end
  return { "duplicate" }
end
if get("turn") then
  return { "running" }
end
if number("epoch") ~= tonumber(ARGV[8]) or number("seq") ~= tonumber(ARGV[9]) then
  return { "stale" }
end
local fresh = ARGV[11] == ""
if not fresh and get("failed") ~= ARGV[11] then
  return { "stale" }
end
if not fresh and redis.call("EXISTS", MAIL) == 0 then
  return { "stale" }
end
if fresh and number("upto") >= tonumber(ARGV[15]) then
  return { "folded" }
end
if fresh and redis.call("HEXISTS", LOG, ARGV[15]) == 0 then
  return { "stale" }
end

redis.call("SET", EVENT, NONCE, "EX", DAY)
if fresh then
  redis.call("DEL", MAIL)
  each_chunk(16, #ARGV, function(...) redis.call("RPUSH", MAIL, ...) end)
  for place = 16, #ARGV do
    redis.call("HSET", META, "used:" .. cjson.decode(ARGV[place]).author[1], 1)
  end
end
redis.call("HDEL", META, "failed")
redis.call("HSET", META, "turn", ARGV[6], "attempt", 1, "losses", 0, "draft", ARGV[12],
  "how", ARGV[10], "pressed", ARGV[13], "askers", ARGV[14])
if fresh then
  redis.call("HSET", META, "redo", ARGV[15])
end
grant(ARGV[7])
touch()
return state("run")

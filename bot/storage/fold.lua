--[[
Replace the summary, if it is still the one the caller started from.

KEYS  12 B:answer:<nonce>
ARGV  6 expected version, 7 expected cursor, 8 new cursor, 9 new summary (JSON), 10 what is proposed to
      be remembered of it, one line, "" for nothing, 11 for so long that is left to the caller (ms)
Returns  1 done | 0 not
--]]
local ANSWER = KEYS[12]

if redis.call("EXISTS", ANSWER) == 1 then
  return 1
end
local version, redo = number("version"), number("redo")
local last = redo > 0 and redo - 1 or number("seq")
if version ~= tonumber(ARGV[6]) or number("upto") ~= tonumber(ARGV[7])
  or tonumber(ARGV[8]) > last then
  return 0
end
redis.call("HSET", META, "summary", ARGV[9], "upto", ARGV[8], "version", whole(version + 1))
if ARGV[10] ~= "" then
  local before = get("proposed")
  redis.call("HSET", META, "proposed", before and before .. "\n" .. ARGV[10] or ARGV[10])
  redis.call("ZADD", PROPOSED, whole(server_ms() + tonumber(ARGV[11])), THREAD)
  redis.call("EXPIRE", PROPOSED, whole(RETENTION))
end
redis.call("SET", ANSWER, "1", "EX", ANSWER_SECONDS)
return 1

--[[
Keep what somebody thinks of an answer, in place of what they thought before.

KEYS  12 B:answer:<nonce>
ARGV  6 turn that gave the answer, 7 user, 8 rating, 9 when (ms), 10 model
Returns  "nothing": nothing is kept of the thread | "same" | "new" | "changed"
--]]
local told = redis.call("GET", KEYS[12])
if told then
  return told
end
if number("seq") == 0 then
  return "nothing"
end
local field = "rated:" .. ARGV[6] .. "|" .. ARGV[7]
local before = get(field)
if before and string.match(before, "^[^|]*") == ARGV[8] then
  return "same"
end
local verdict = before and "changed" or "new"
redis.call("SET", KEYS[12], verdict, "EX", ANSWER_SECONDS)
redis.call("HSET", META, field, ARGV[8] .. "|" .. ARGV[9] .. "|" .. ARGV[10],
  "used:" .. ARGV[7], 1)
return verdict

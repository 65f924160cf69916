--[[
Note that what a fold proposed to remember has been dealt with.

KEYS  12 B:answer:<nonce>
ARGV  6 the proposals, as fold.lua was given them; "" for none, when there seem to be none
Returns  1 they were there | 0 somebody else has dealt with them, or what they rest upon has gone
--]]
local ANSWER = KEYS[12]

if redis.call("EXISTS", ANSWER) == 1 then
  return 1
end
local left, found = {}, false
for line in string.gmatch(get("proposed") or "", "[^\n]+") do
  if line == ARGV[6] then
    found = true
  else
    left[#left + 1] = line
  end
end
if found then
  redis.call("SET", ANSWER, "1", "EX", ANSWER_SECONDS)
end
if #left == 0 then
  redis.call("HDEL", META, "proposed")
  redis.call("ZREM", PROPOSED, THREAD)
elseif found then
  redis.call("HSET", META, "proposed", table.concat(left, "\n"))
end
return found and 1 or 0

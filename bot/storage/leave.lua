--[[
Stop taking part. A turn that runs ends as usual, but does not make the bot take part again; what
waits for the next one gets no answer.

KEYS  12 B:answer:<nonce>
Returns  1 when the bot took part, else 0
--]]
local ANSWER = KEYS[12]

local told = redis.call("GET", ANSWER)
if told then
  return tonumber(told)
end
local part = redis.call("HEXISTS", META, "part")
redis.call("SET", ANSWER, part, "EX", ANSWER_SECONDS)
local turn = get("turn")
if turn then
  redis.call("HSET", META, "leaving", turn)
end
redis.call("HDEL", META, "part")
redis.call("UNLINK", QUEUE)
return part

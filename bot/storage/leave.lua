--[[
Stop taking part. A turn that runs ends as usual, but does not make the bot take part again.

Returns  1 when the bot took part, else 0
--]]
local turn = get("turn")
if turn then
  redis.call("HSET", META, "leaving", turn)
end
return redis.call("HDEL", META, "part")

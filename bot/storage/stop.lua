--[[
Ask the running turn to stop; whoever holds its lease learns it from the next renewal.

Returns  1 when a turn runs, else 0
--]]
local turn = get("turn")
if not turn then
  return 0
end
redis.call("HSET", META, "stop", turn)
return 1

--[[
Ask the running turn to stop; whoever holds its lease learns it from the next renewal.

ARGV  6 turn that is meant, "" for whichever runs
Returns  1 when it runs, else 0
--]]
local turn = get("turn")
if not turn or (ARGV[6] ~= "" and ARGV[6] ~= turn) then
  return 0
end
redis.call("HSET", META, "stop", turn)
return 1

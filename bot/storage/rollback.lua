--[[
End a turn that failed for good: its mail is dropped, the log stays as it was.

KEYS  12 B:answer:<nonce>
ARGV  6 turn, 7 fence, 8 id of the next turn, 9 worker
Returns  {"lost"} | {"idle"} | state("run") of the next turn
--]]
local ANSWER = KEYS[12]

local before = finished(ANSWER)
if before then
  return before
end
if not mine(ARGV[6], ARGV[7]) then
  return { "lost" }
end
return finish(ANSWER, ARGV[8], ARGV[9])

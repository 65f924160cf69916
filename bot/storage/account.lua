--[[
Add to a thread's figures what was spent on it outside a turn.

KEYS  12 B:answer:<nonce>, 13 B:use:<day>
ARGV  6-12 tally, 13 channel and 14 space that it is counted for
Returns  1, or 0 when nothing is kept of the thread
--]]
if number("seq") == 0 then
  return 0
end
if redis.call("SET", KEYS[12], "1", "NX", "EX", ANSWER_SECONDS) then
  count(6, KEYS[13], { ARGV[13], ARGV[14] })
end
return 1

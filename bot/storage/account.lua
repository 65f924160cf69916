--[[
Add to a thread's figures what was spent on it outside a turn.

KEYS  12 B:answer:<nonce>
ARGV  6-12 tally
Returns  1, or 0 when nothing is kept of the thread
--]]
if number("seq") == 0 then
  return 0
end
if redis.call("SET", KEYS[12], "1", "NX", "EX", ANSWER_SECONDS) then
  for figure = 1, FIGURES do
    redis.call("HINCRBY", META, "tally:" .. figure, ARGV[5 + figure])
  end
end
return 1

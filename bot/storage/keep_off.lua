--[[
Let events count as taken for a while that may be on their way in, or messages as deleted of
which something may be on its way in; safe to repeat.

KEYS  B:event:<digest> of each, or B:deleted:<digest>
ARGV  1 nonce, 2 for how long (s)
Returns  for each 1 when nothing had taken it, else 0
--]]
local answers = {}
for place, event in ipairs(KEYS) do
  local kept_off = redis.call("SET", event, ARGV[1], "NX", "EX", ARGV[2])
    or redis.call("GET", event) == ARGV[1]
  answers[place] = kept_off and 1 or 0
end
return answers

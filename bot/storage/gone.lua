--[[
Note when places were found to be gone; safe to repeat.

KEYS  B:gone:<digest> of each
ARGV  1 when (ms), 2 for how long that is known (s)
--]]
for _, place in ipairs(KEYS) do
  redis.call("SET", place, ARGV[1], "EX", ARGV[2])
end
return 1

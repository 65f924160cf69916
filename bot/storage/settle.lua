--[[
Put what an answer really took in the place of its reservation. Without one there is nothing to do:
it was settled before, or its day or its space is gone.

KEYS  1 today's hash, 2 yesterday's (see afford.lua)
ARGV  1 turn, 2 tokens, 3 cost, 4.. names of the accounts
Returns  1 when there was a reservation, else 0
--]]
for _, day in ipairs(KEYS) do
  local held = redis.call("HGET", day, "hold:" .. ARGV[1])
  if held then
    local tokens, cost = string.match(held, "^(%d+),(%d+)$")
    local more = string.format("%.0f", tonumber(ARGV[2]) - tonumber(tokens))
    local dearer = string.format("%.0f", tonumber(ARGV[3]) - tonumber(cost))
    for place = 4, #ARGV do
      redis.call("HINCRBY", day, ARGV[place] .. "|t", more)
      redis.call("HINCRBY", day, ARGV[place] .. "|c", dearer)
    end
    redis.call("HDEL", day, "hold:" .. ARGV[1])
    return 1
  end
end
return 0

--[[
Count what was used outside any conversation, once for each nonce.

KEYS  1 B:answer:<nonce>, 2 B:use:<day>
ARGV  1 how long the nonce is known (s), 2 how long the day's figures live (s), 3-9 tally,
      10.. for whom it is counted
Returns  1
--]]
if redis.call("SET", KEYS[1], "1", "NX", "EX", ARGV[1]) then
  for place = 10, #ARGV do
    for figure = 1, 7 do
      if ARGV[figure + 2] ~= "0" then
        redis.call("HINCRBY", KEYS[2], ARGV[place] .. "|" .. figure, ARGV[figure + 2])
      end
    end
  end
  redis.call("EXPIRE", KEYS[2], ARGV[2])
end
return 1

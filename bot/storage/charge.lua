--[[
Count what was used without a reservation, such as for a summary; once for each nonce.

KEYS  1 today's hash (see afford.lua)
ARGV  1 nonce, 2 tokens, 3 cost, 4 lifetime of the hash (s), 5.. names of the accounts
Returns  1 when it was counted now, else 0
--]]
if redis.call("HSETNX", KEYS[1], "done:" .. ARGV[1], 1) == 0 then
  return 0
end
for place = 5, #ARGV do
  redis.call("HINCRBY", KEYS[1], ARGV[place] .. "|t", ARGV[2])
  redis.call("HINCRBY", KEYS[1], ARGV[place] .. "|c", ARGV[3])
end
redis.call("EXPIRE", KEYS[1], ARGV[4])
return 1

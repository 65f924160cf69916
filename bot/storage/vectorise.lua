--[[
Keep vectors of turns, unless the log is another one than they were made of; safe to repeat.

ARGV  6 epoch and 7 stamp of the last reworking that they were made at, 8.. pairs: number of an entry,
      and its vector with the model's name in front
Returns  how many were kept
--]]
if whole(number("epoch")) ~= ARGV[6] or whole(number("reworked")) ~= ARGV[7] then
  return 0
end
local kept = 0
for place = 8, #ARGV, 2 do
  if redis.call("HEXISTS", LOG, ARGV[place]) == 1 then
    redis.call("HSET", VECTORS, ARGV[place], ARGV[place + 1])
    kept = kept + 1
  end
end
redis.call("EXPIRE", VECTORS, whole(RETENTION))
return kept

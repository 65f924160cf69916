--[[
Keep vectors of memories that are there; safe to repeat.

ARGV  3 model; then id and vector in turn
Returns  how many were kept
--]]
local model, kept = ARGV[3], 0

for at = 4, #ARGV, 2 do
  if redis.call("HEXISTS", MEMORIES, ARGV[at]) == 1 then
    redis.call("HSET", VECTORS, model .. "|" .. ARGV[at], ARGV[at + 1])
    kept = kept + 1
  end
end
if kept > 0 then
  redis.call("SADD", MODELS, model)
end
return kept

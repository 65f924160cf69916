--[[
Keep a token, unless its person has as many as he may; safe to repeat.

KEYS  1 K:tokens, 2 K:ids, 3 K:of:<person>
ARGV  1 digest, 2 id, 3 the token's record, 4 most of one person, 5 "narrow" for one that is there
      already: nothing is done when it has ended meanwhile, or is not 6 any more
Returns  1 when it is kept, else 0
--]]
local TOKENS, IDS, OF = KEYS[1], KEYS[2], KEYS[3]

local there = redis.call("SISMEMBER", OF, ARGV[1]) == 1
if not there and (ARGV[5] == "narrow" or redis.call("SCARD", OF) >= tonumber(ARGV[4])) then
  return 0
end
if ARGV[5] == "narrow" and redis.call("HGET", TOKENS, ARGV[1]) ~= ARGV[6] then
  return 0
end
redis.call("HSET", TOKENS, ARGV[1], ARGV[3])
redis.call("HSET", IDS, ARGV[2], ARGV[1])
redis.call("SADD", OF, ARGV[1])
return 1

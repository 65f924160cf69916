--[[
Count that memories were recalled; once for each nonce. The version stays.

KEYS  14 M:done:<digest of the nonce>
ARGV  3 how long the nonce is kept (s); then ids
Returns  how many were counted
--]]
local DONE = KEYS[14]

if not redis.call("SET", DONE, "1", "NX", "EX", ARGV[3]) then
  return 0
end
local counted = 0
for at = 4, #ARGV do
  if redis.call("HEXISTS", MEMORIES, ARGV[at]) == 1 then
    local uses = string.match(redis.call("HGET", USED, ARGV[at]) or "", "^(%d+)|") or "0"
    redis.call("HSET", USED, ARGV[at], whole(tonumber(uses) + 1) .. "|" .. ARGV[2])
    counted = counted + 1
  end
end
return counted

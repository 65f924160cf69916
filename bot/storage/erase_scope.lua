--[[
Remove a scope with all that is in it; safe to repeat. Nothing is done while its trail names
anything, since that would be lost.

Returns  how many memories there were, -1 when nothing was done
--]]
if redis.call("EXISTS", TRAIL) == 1 then
  return -1
end
local ids = redis.call("ZRANGE", ORDER, 0, -1)
for _, id in ipairs(ids) do
  redis.call("ZREM", EXPIRES, SCOPE .. "/" .. id)
end
redis.call("UNLINK", META, MEMORIES, ORDER, CHANGES, GONE, HASHES, USED, MODELS, VECTORS, AUDIT)
redis.call("ZREM", SCOPES, SCOPE)
return #ids

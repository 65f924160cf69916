--[[
Note what came from a conversation or a person and lies in another scope, or strike it out; safe to
repeat. A scope in which nothing is left is not listed any more.

ARGV  3 "add", "cut", or a time (ms): cut if nothing was noted since; then names, "<scope>/<memory id>"
Returns  how many names are noted now
--]]
local before = tonumber(ARGV[3])
if before and tonumber(redis.call("ZSCORE", SCOPES, SCOPE) or "0") >= before then
  return redis.call("SCARD", TRAIL)
end
for first = 4, #ARGV, CHUNK do
  local part = { unpack(ARGV, first, math.min(first + CHUNK - 1, #ARGV)) }
  redis.call(ARGV[3] == "add" and "SADD" or "SREM", TRAIL, unpack(part))
end
if ARGV[3] == "add" then
  redis.call("ZADD", SCOPES, NOW, SCOPE)
elseif redis.call("EXISTS", TRAIL, META) == 0 then
  redis.call("ZREM", SCOPES, SCOPE)
end
return redis.call("SCARD", TRAIL)

--[[
What has changed in a scope since a version, in the order of changes.

ARGV  3 version that is known (0 for none), 4 most memories
Returns  {version up to which this tells, 1 if what is known is to be thrown away, 1 if there is
         more, ids that are gone, id and memory and use of each that has changed}; version 0 when
         the scope is empty
--]]
local since, most = tonumber(ARGV[3]), tonumber(ARGV[4])

local now = redis.call("HGET", META, "version")
if not now then
  return { "0", 1, 0, {}, {} }
end
if tonumber(now) == since then
  return { now, 0, 0, {}, {} }
end
local floor = tonumber(redis.call("HGET", META, "floor") or "0")
local anew = since == 0 or since < floor or since > tonumber(now)
local from = anew and "-inf" or "(" .. ARGV[3]
local found = redis.call("ZRANGEBYSCORE", CHANGES, from, "+inf", "WITHSCORES", "LIMIT", 0, most)
local gone = anew and {} or redis.call("ZRANGEBYSCORE", GONE, from, "+inf")
local told, more = now, 0
if #found == 2 * most then
  told, more = whole(tonumber(found[#found])), 1
end
local ids, changed = {}, {}
for at = 1, #found, 2 do
  ids[#ids + 1] = found[at]
end
for first = 1, #ids, CHUNK do
  local part = { unpack(ids, first, math.min(first + CHUNK - 1, #ids)) }
  local memories = redis.call("HMGET", MEMORIES, unpack(part))
  local uses = redis.call("HMGET", USED, unpack(part))
  for place, id in ipairs(part) do
    changed[#changed + 1] = id
    changed[#changed + 1] = memories[place] or ""
    changed[#changed + 1] = uses[place] or ""
  end
end
return { told, anew and 1 or 0, more, gone, changed }

--[[
Put the new words of a message in the place of the old ones, if those are still what is stored. Of a
message that is not stored the running turn, which may have read the old ones from the platform, gets
the new ones when it commits.

ARGV  6 where it is: "queue", "mail", the number of an entry, or "turn" where it is not stored, 7 what
      is stored there (JSON),
      8 what is to be stored (JSON), 9 message id, 10 label made from the new words, 11 whether the
      words are others (1/0; otherwise only the time of the edit is)
Returns  {done (1/0), summary dropped (1/0)}; the same again when the new words are there already,
         since the first answer may have been lost
--]]
local PLACE, OLD, NEW, ID = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local OTHERS = ARGV[11] == "1"
local EDITS_MOST = 1000000

local function relabel()
  local named_by = get("labelled")
  if named_by == ID then
    redis.call("HSET", META, "label", ARGV[10])
  elseif not named_by then
    redis.call("HDEL", META, "label")
  end
end

if PLACE == "turn" then
  local edits = get("edits") or ""
  if not get("turn") then
    return { 0, 0 }
  end
  if not string.find(edits, NEW, 1, true) and #edits < EDITS_MOST then
    redis.call("HSET", META, "edits", edits .. NEW .. "\n")
    redis.call("HINCRBY", META, "revised", 1)
  end
  return { 1, 0 }
end

if PLACE == "queue" or PLACE == "mail" then
  local list = PLACE == "queue" and QUEUE or MAIL
  for index, mail in ipairs(redis.call("LRANGE", list, 0, -1)) do
    if mail == OLD then
      redis.call("LSET", list, index - 1, NEW)
      if list == MAIL and OTHERS then
        redis.call("HINCRBY", META, "revised", 1)
      end
      if OTHERS then
        relabel()
      end
      return { 1, 0 }
    elseif mail == NEW then
      return { 1, 0 }
    end
  end
  return { 0, 0 }
end

local now = redis.call("HGET", LOG, PLACE)
if now == NEW then
  return { 1, get("summary") and 0 or 1 }
elseif now ~= OLD then
  return { 0, 0 }
end
redis.call("HSET", LOG, PLACE, NEW)
if not OTHERS then
  return { 1, 0 }
end
local covered = (tonumber(PLACE) <= number("upto") and get("summary")) and 1 or 0
redis.call("HINCRBY", META, "version", 1)
note_said(true)
redis.call("HDEL", VECTORS, PLACE)
if covered == 1 then
  unsummarise()
end
relabel()
return { 1, covered }

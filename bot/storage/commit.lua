--[[
End a turn well: append its entries, count what it took, go on with waiting mail.

KEYS  12 B:answer:<nonce>, 13 B:use:<day>, 14 B:leftovers, 15.. B:deleted:<digest> of each message that
      is none of the mail's: nothing else tells that one of them was deleted meanwhile
ARGV  6 turn, 7 fence, 8 id of the next turn, 9 worker, 10 user ("" for nobody), 11 channel and
      12 space that the usage is counted for, 13-19 tally, 20 number of entries, 21 number of
      arguments with names, 22 number of message ids, 23 number of authors, 24 how long the caller
      has for deleting what is left over of the reply (ms), 25 whether the mail is kept for a while,
      to be asked once more (1/0), 26 how often the mail and what is none of it had been changed when
      the entries were made from it; then these, one after the other:
      entries (JSON), id and name pairs, message ids, ids of everybody whose words the entries
      hold, leftovers (JSON)
Returns  {"lost"} | {"withdrawn"} | {"revised", how often by now, mail and edits} | {"idle"}
         | state("run") of the next turn
--]]
local ANSWER, USE, LEFTOVERS = KEYS[12], KEYS[13], KEYS[14]

local before = finished(ANSWER)
if before then
  return before
end
if not mine(ARGV[6], ARGV[7]) then
  return { "lost" }
end
if get("withdrawn") == ARGV[6] then
  return { "withdrawn" }
end
for place = 15, #KEYS - 4 do
  if redis.call("EXISTS", KEYS[place]) == 1 then
    withdraw(ARGV[6])
    return { "withdrawn" }
  end
end
if (get("revised") or "0") ~= ARGV[26] then
  local now = redis.call("LRANGE", MAIL, 0, -1)
  for line in string.gmatch(get("edits") or "", "[^\n]+") do
    now[#now + 1] = line
  end
  return { "revised", get("revised"), now }
end

local names = 27 + tonumber(ARGV[20])
local ids = names + tonumber(ARGV[21])
local newest, redo = number("seq"), get("redo")
local replaces = redo and names > 27
local seq = replaces and tonumber(redo) - 1 or newest
local indexed = number("indexed") == newest
local first = seq + 1
local replaced = window(first, newest)
for place = 27, names - 1 do
  seq = seq + 1
  redis.call("HSET", LOG, whole(seq), ARGV[place])
end
redis.call("HSET", META, "seq", whole(seq))
for _, entry in ipairs(replaced) do
  unindex(entry)
end
for place = 27, names - 1 do
  index(whole(seq - names + 1 + place), ARGV[place])
end
for gone = seq + 1, newest do
  redis.call("HDEL", LOG, whole(gone))
end
for other = first, newest do
  redis.call("HDEL", VECTORS, whole(other))
end
if replaces then
  redis.call("HINCRBY", META, "version", 1)
end
if indexed then
  redis.call("HSET", META, "indexed", whole(seq))
end
if names > 27 then
  note_said(replaces)
end
each_chunk(names, ids - 1, function(...) redis.call("HSET", NAMES, ...) end)
local authors = ids + tonumber(ARGV[22])
find(ids, authors - 1)
local leftovers = authors + tonumber(ARGV[23])
each_chunk(authors, leftovers - 1, function(...) redis.call("SADD", AUTHORS, ...) end)
for place = leftovers, #ARGV do
  redis.call("ZADD", LEFTOVERS, whole(server_ms() + tonumber(ARGV[24])), ARGV[place])
  redis.call("EXPIRE", LEFTOVERS, whole(RETENTION))
end

count(13, USE, { ARGV[10], ARGV[11], ARGV[12] })

if get("leaving") ~= ARGV[6] and not redo then
  redis.call("HSET", META, "part", 1)
end
if ARGV[25] == "1" then
  redis.call("HSET", META, "failed", ARGV[6])
end
local after = finish(ANSWER, ARGV[8], ARGV[9])
if get("failed") == ARGV[6] then
  redis.call("EXPIRE", MAIL, DAY)
end
return after

--[[
End a turn well: append its entries, count what it took, go on with waiting mail.

KEYS  12 B:answer:<nonce>, 13 B:use:<day>, 14 B:leftovers
ARGV  6 turn, 7 fence, 8 id of the next turn, 9 worker, 10 user the usage is counted for ("" for
      nobody), 11-17 tally, 18 number of entries, 19 number of arguments with names, 20 number of
      message ids, 21 number of authors, 22 how long the caller has for deleting what is left over
      of the reply (ms); then these, one after the other: entries (JSON), id and name pairs,
      message ids, ids of everybody whose words the entries hold, leftovers (JSON)
Returns  {"lost"} | {"idle"} | state("run") of the next turn
--]]
local ANSWER, USE, LEFTOVERS = KEYS[12], KEYS[13], KEYS[14]

local before = finished(ANSWER)
if before then
  return before
end
if not mine(ARGV[6], ARGV[7]) then
  return { "lost" }
end

local names = 23 + tonumber(ARGV[18])
local ids = names + tonumber(ARGV[19])
local seq = number("seq")
for place = 23, names - 1 do
  seq = seq + 1
  redis.call("HSET", LOG, whole(seq), ARGV[place])
end
redis.call("HSET", META, "seq", whole(seq))
each_chunk(names, ids - 1, function(...) redis.call("HSET", NAMES, ...) end)
local authors = ids + tonumber(ARGV[20])
find(ids, authors - 1)
local leftovers = authors + tonumber(ARGV[21])
each_chunk(authors, leftovers - 1, function(...) redis.call("SADD", AUTHORS, ...) end)
for place = leftovers, #ARGV do
  redis.call("ZADD", LEFTOVERS, whole(server_ms() + tonumber(ARGV[22])), ARGV[place])
  redis.call("EXPIRE", LEFTOVERS, whole(RETENTION))
end

for figure = 1, FIGURES do
  local amount = ARGV[10 + figure]
  if amount ~= "0" then
    redis.call("HINCRBY", META, "tally:" .. figure, amount)
    if ARGV[10] ~= "" then
      redis.call("HINCRBY", USE, ARGV[10] .. "|" .. figure, amount)
    end
  end
end
redis.call("EXPIRE", USE, whole(RETENTION + DAY))

if get("leaving") ~= ARGV[6] then
  redis.call("HSET", META, "part", 1)
end
return finish(ANSWER, ARGV[8], ARGV[9])

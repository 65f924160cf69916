--[[
Store an imported thread, whose log was written to a stage before.

KEYS  12 B:answer:<nonce>, 13 T:stage:<nonce>
ARGV  6 number of the newest entry, 7 cursor of the summary, 8 summary (JSON, "" for none),
      9 label, 10-16 tally, 17 whether a thread that is there may be replaced (1/0), 18 number of
      arguments with names, 19 whether fewer people read it than its channel (1/0, "" when that is
      as it was), 20.. id and name pairs, author ids
Returns  "done" | "busy": a turn runs | "taken": the thread is there | "incomplete": the stage is
--]]
local ANSWER, STAGE = KEYS[12], KEYS[13]

if redis.call("EXISTS", ANSWER) == 1 then
  return "done"
end
if get("turn") then
  redis.call("UNLINK", STAGE)
  return "busy"
end
if ARGV[17] == "0" and redis.call("EXISTS", LOG) == 1 then
  redis.call("UNLINK", STAGE)
  return "taken"
end
local seq = tonumber(ARGV[6])
if seq > 0 and redis.call("HEXISTS", STAGE, ARGV[6]) == 0 then
  return "incomplete"
end
redis.call("SET", ANSWER, "1", "EX", ANSWER_SECONDS)
local confined = ARGV[19] ~= "" and ARGV[19] or get("confined")
wipe()
if confined then
  redis.call("HSET", META, "confined", confined)
end
if seq > 0 then
  redis.call("RENAME", STAGE, LOG)
  redis.call("HSET", META, "part", 1)
end
redis.call("HSET", META, "seq", ARGV[6], "upto", ARGV[7], "label", ARGV[9])
redis.call("HSETNX", META, "version", 1)
if ARGV[8] ~= "" then
  redis.call("HSET", META, "summary", ARGV[8])
end
for figure = 1, FIGURES do
  redis.call("HSET", META, "tally:" .. figure, ARGV[9 + figure])
end
local authors = 20 + tonumber(ARGV[18])
each_chunk(20, authors - 1, function(...) redis.call("HSET", NAMES, ...) end)
each_chunk(authors, #ARGV, function(...) redis.call("SADD", AUTHORS, ...) end)
if seq > 0 then
  note_said(true)
end
touch()
return "done"

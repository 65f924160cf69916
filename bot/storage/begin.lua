--[[
Take a message: drop it, queue it, or begin a turn with it.

KEYS  12 B:event:<digest>, 13 B:bots:<channel>, 14-16 B:gone:<digest> of the space, the channel and the
      thread
ARGV  6 turn id if one begins, 7 worker, 8 message (JSON), 9 addressed (1/0), 10 author id,
      11 label, 12 message id when the conversation is loose, else "", 13 its position,
      14 for a bot's message how many of these may come in a row, in the thread and in all threads of
      its channel, 0 for a person's, 15 message id,
      16 when it was written (ms), 17 after how long a silence (ms) only what is addressed is
      taken, 0 for never; unless the channel has a rule of its own, 18 meant for somebody else (1/0),
      19 fewer people read the thread than its channel (1/0),
      20 how many questions may wait for the next turn
Returns  {"duplicate"} | {"ignored"} | {"heard"} | {"full"} | {"filled"}: full for the first time in this
         turn | {"queued", how many wait} | state("run")
--]]
local EVENT, BOTS = KEYS[12], KEYS[13]
local ASIDES_MOST = 100
local BOTS_SECONDS = 3600
local LATE_MS = 60000

local taken_by = redis.call("GET", EVENT)
if taken_by then
  for _, refused in ipairs({ "full", "filled" }) do
    if taken_by == refused .. ":" .. NONCE then
      return { refused }
    end
  end
  if taken_by ~= NONCE then
    return { "duplicate" }
  end
  if get("grant") == NONCE then
    hold()
    return state("run")
  end
  return { "queued", redis.call("LLEN", QUEUE) }
end

-- A message from before the thread was forgotten may be delivered only now; it stays forgotten.
local position = ARGV[13]
local forgotten = get("forgotten_to")
if forgotten and not later(position, forgotten) then
  return { "duplicate" }
end

-- Nor does what was said in a place that is gone bring it back.
for place = 14, 16 do
  local gone = redis.call("GET", KEYS[place])
  if gone and tonumber(ARGV[16]) <= tonumber(gone) then
    return { "duplicate" }
  end
end

-- What was said before the bot was called is background, however late it is delivered.
local turn = get("turn")
local taking_part = get("part") == "1" or (turn and get("leaving") ~= turn)
local first = get("first")
local before_call = not taking_part or (first and later(first, position))
if before_call then
  if ARGV[9] ~= "1" then
    return { "ignored" }
  end
end

-- In a conversation that lies still people talk to each other, and in some channels always. The time
-- of writing counts: what is delivered late was not said late.
local aside = ARGV[18] == "1" and ARGV[9] ~= "1"
if ARGV[9] ~= "1" then
  local rules = redis.call("HMGET", RULES, "mention", "hours")
  local silence = rules[2] and tonumber(rules[2]) * 3600000 or tonumber(ARGV[17])
  local lies_still = silence > 0 and not turn and tonumber(ARGV[16]) - number("last") > silence
  if rules[1] == "only" or lies_still then
    return { "ignored" }
  end
  if aside and redis.call("LLEN", QUEUE) >= ASIDES_MOST then
    return { "ignored" }
  end
end

-- Two bots would go on answering each other for ever, if need be in a new thread each time.
local bots = tonumber(ARGV[14])
if bots > 0 then
  local around = tonumber(redis.call("GET", BOTS) or "0")
  if math.max(number("bots"), around) >= bots then
    return { "ignored" }
  end
end

-- Whoever writes faster than answers come does not fill the memory. What is delivered late was said
-- while nobody listened, and nobody would say it again.
local late = tonumber(NOW) - tonumber(ARGV[16]) >= LATE_MS
if turn and not aside and not late and questions() >= tonumber(ARGV[20]) then
  local told = bots > 0 or get("full") == turn
  local answer = told and "full" or "filled"
  redis.call("SET", EVENT, answer .. ":" .. NONCE, "EX", DAY)
  if not told then
    redis.call("HSET", META, "full", turn)
  end
  return { answer }
end

-- The first write has to be one that a server without memory refuses: it lets those after it pass.
redis.call("SET", EVENT, NONCE, "EX", DAY)
if before_call then
  redis.call("HSET", META, "first", position)
end
if bots > 0 then
  redis.call("HINCRBY", META, "bots", 1)
  redis.call("INCR", BOTS)
  redis.call("EXPIRE", BOTS, BOTS_SECONDS)
else
  redis.call("HDEL", META, "bots")
  redis.call("DEL", BOTS)
end
if get("confined") ~= ARGV[19] then
  redis.call("HSET", META, "confined", ARGV[19])
  if redis.call("EXISTS", LOG) == 1 then
    note_said()
  end
end
redis.call("RPUSH", QUEUE, ARGV[8])
redis.call("SADD", AUTHORS, ARGV[10])
if redis.call("HSETNX", META, "label", ARGV[11]) == 1 then
  redis.call("HSET", META, "labelled", ARGV[15])
end
if later(position, get("newest") or "") then
  redis.call("HSET", META, "newest", position)
end
if ARGV[12] ~= "" then
  redis.call("HSET", META, "loose", 1)
  find(12, 12)
end
if aside then
  touch(true)
  return { "heard" }
end
if not turn then
  start(ARGV[6], ARGV[7])
end
touch()
if turn then
  return { "queued", redis.call("LLEN", QUEUE) }
end
return state("run")

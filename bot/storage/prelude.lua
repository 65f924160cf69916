--[[
Put in front of every other script: names for keys and arguments, and the few moves they share.

KEYS  1-11, in the order below; from 12 on each script's own; the last four are PROPOSED, VECTORS,
SAID and RULES.
ARGV  1 thread, 2 caller's clock (ms), 3 retention (s), 4 lease (ms), 5 nonce; from 6 on each
      script's own.

A nonce names one logical call: when its reply is lost and it is sent again, it finds its own
nonce (as `grant`, under B:event or under B:answer) and gives the same answer once more.

A server that is out of memory lets a script do what needs none, and stops it at the first command
that needs some. So every script begins its changes with such a command: then it does all of them
or none.

Fields of META
  seq                  number of the newest log entry
  summary, upto, version   rolling summary, the last entry it covers, how many there have been.
                       `version` also rises when the thread is forgotten or replaced, or an answer is
                       given anew, so that a summary made from what was there before can never be
                       stored
  proposed             what folds have proposed to remember and nobody has taken up yet, a line for each
                       fold; it goes with the summary. PROPOSED lists the threads that have some by
                       when others than who folded may take it up, server's ms
  epoch                rises when the thread is forgotten or replaced
  fence                rises with every lease granted or taken away
  turn                 id of the running turn; absent when nothing runs
  until                end of its lease, by the server's clock (ms): no two clocks are compared
  grant                nonce of the call that was given the lease
  worker               who that was, for people looking for a fault
  attempt, losses      leases of this turn; those that ran out (parking is not counted, nor is one
                       whose holder turned out to be alive)
  quick                how many of them in a row, up to the last, were held for less than their length
  since                when the lease was granted, by the server's clock (ms)
  lost, spared         fences of those that ran out, ",3,5,"; how many were not counted after all
  parked               the lease was given back by its holder
  how, pressed, askers   the running turn was asked for with a control: what for, when (ms,
                       caller's clock), and who had asked before
  redo                 number of the entry whose place its answer takes; until then that entry is
                       in no window and no summary
  failed               id of the last turn if it failed for good; its mail is kept for a day
  rated:<turn>|<user>  what somebody thinks of an answer (see rate.lua)
  used:<user>          1 for whoever has used a control in the thread: what that left behind goes with
                       them, also if they have not written
  draft                where the reply is being written
  stop, leaving        id of the turn that was asked to stop, or during which the bot was sent away
  withdrawn            id of the turn that has lost a message it was answering or had in view
  full                 id of the turn during which so many wait that no more are taken
  revised              how often the mail of the running turn was changed, or what follows
  edits                messages that are not stored and were edited during the running turn, a line for
                       each
  part                 1 when the bot takes part without being addressed
  loose                1 when its messages are found by id
  bots                 messages of other bots since the last one of a person
  forgotten_to         highest position that had been taken then; nothing up to it is taken again
  forgotten            when the thread was forgotten on request (ms, caller's clock)
  label                first words
  last                 when the bot was last talked to or answered (ms, caller's clock)
  labelled             id of the message that the label is made from
  entry:<message>      number of the entry that holds this message
  indexed              number of the entry up to which that is there for all
  newest               highest position of a message that was taken
  first                position of the message that called the bot; absent for imported threads
  confined             "1" when fewer people read the thread than its channel, "0" when all do;
                       absent when that is not known
  said, reworked       stamps (see note_said) of the last change of the log, and of the last one that
                       did more than append to it
  tally:<n>            n-th figure of the tally
--]]
local META, LOG, QUEUE, MAIL = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local NAMES, AUTHORS, REFS = KEYS[5], KEYS[6], KEYS[7]
local LEASES, THREADS, CHANNEL, FOUND = KEYS[8], KEYS[9], KEYS[10], KEYS[11]
local PROPOSED, VECTORS = KEYS[#KEYS - 3], KEYS[#KEYS - 2]
local SAID, RULES = KEYS[#KEYS - 1], KEYS[#KEYS]
local THREAD, NOW, RETENTION = ARGV[1], ARGV[2], tonumber(ARGV[3])
local LEASE, NONCE = tonumber(ARGV[4]), ARGV[5]

local FIGURES = 7
local SPARED_MOST = 15
local CHUNK = 500
-- As codec.py writes it; within a text the quotation marks would have a backslash in front.
local ASIDE = '"aside":true'
local WINDOW_MOST = 10000
local CHANNEL_MOST = 100
local SAID_MOST = 5000
local ANSWER_SECONDS = 600
local DAY = 86400
local USE_SECONDS = math.min(RETENTION, 90 * DAY) + DAY

local function whole(number)
  return string.format("%.0f", number)
end

local function get(field)
  return redis.call("HGET", META, field)
end

local function number(field)
  return tonumber(get(field) or "0")
end

-- Whether position `a` comes after `b` ("" for none). Compared as text, since positions can have
-- more digits than a Lua number holds.
local function later(a, b)
  return #a > #b or (#a == #b and a > b)
end

local function server_ms()
  local time = redis.call("TIME")
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Whether the caller's lease (its turn and fence) is the one that holds.
local function mine(turn, fence)
  return get("turn") == turn and get("fence") == fence
end

local function hold()
  local ends = whole(server_ms() + LEASE)
  redis.call("HSET", META, "until", ends)
  redis.call("ZADD", LEASES, ends, THREAD)
end

local function grant(worker)
  redis.call("HINCRBY", META, "fence", 1)
  redis.call("HSET", META, "grant", NONCE, "worker", worker, "since", whole(server_ms()))
  redis.call("HDEL", META, "withdrawn")
  hold()
end

-- The lease with this fence ran out, but its holder lives: no reason to give the turn up. A turn that
-- blocks everybody who takes it has to end some time, too, so this has a limit. A full server keeps
-- its count; the caller still has to hear that the lease is lost.
local function survived(fence)
  local lost, word = get("lost") or "", "," .. fence .. ","
  local from, to = string.find(lost, word, 1, true)
  if not from or number("spared") >= SPARED_MOST then
    return
  end
  local rest = string.sub(lost, 1, from) .. string.sub(lost, to + 1)
  if type(redis.pcall("HINCRBY", META, "spared", 1)) == "number" then
    redis.call("HINCRBY", META, "losses", -1)
    redis.call("HSET", META, "quick", whole(math.max(0, number("quick") - 1)), "lost", rest)
  end
end

local function release()
  if get("failed") ~= get("turn") then
    redis.call("DEL", MAIL)
  end
  redis.call("HDEL", META, "turn", "until", "grant", "worker", "since", "attempt", "losses", "quick",
    "lost", "spared", "parked", "draft", "stop", "leaving", "withdrawn", "revised", "edits", "how",
    "pressed", "askers", "redo", "full")
  redis.call("ZREM", LEASES, THREAD)
end

-- Tell the running turn to begin anew from what is left, and from what the platform shows by now. An
-- answer that was made already, and only could not be delivered yet, is made from what was taken away.
local function withdraw(turn)
  redis.call("HSET", META, "withdrawn", turn)
  redis.call("HDEL", META, "edits")
  local draft = get("draft")
  if draft then
    local kept = cjson.decode(draft)
    kept.note = nil
    redis.call("HSET", META, "draft", cjson.encode(kept))
  end
end

-- How many messages wait for an answer: mail that was meant for other people is background.
local function questions()
  local found = 0
  for _, item in ipairs(redis.call("LRANGE", QUEUE, 0, -1)) do
    if not string.find(item, ASIDE, 1, true) then
      found = found + 1
    end
  end
  return found
end

-- Make all waiting mail one turn and give its lease to the caller; false when nobody waits.
local function start(turn, worker)
  if questions() == 0 then
    return false
  end
  redis.call("RENAME", QUEUE, MAIL)
  redis.call("HDEL", META, "failed")
  redis.call("HSET", META, "turn", turn, "attempt", 1, "losses", 0)
  grant(worker)
  return true
end

-- Note the time of a write (not if it is `quiet`) and put off the day on which the thread is
-- deleted. What is needed to clean up the indexes lives a week longer.
local function touch(quiet)
  if not quiet then
    redis.call("HSET", META, "last", NOW)
  end
  redis.call("ZADD", THREADS, NOW, THREAD)
  redis.call("ZADD", CHANNEL, NOW, THREAD)
  redis.call("ZREMRANGEBYRANK", CHANNEL, 0, -1 - CHANNEL_MOST)
  for key = 1, 6 do
    redis.call("EXPIRE", KEYS[key], whole(RETENTION))
  end
  for _, key in ipairs({ REFS, THREADS, CHANNEL, FOUND }) do
    redis.call("EXPIRE", key, whole(RETENTION + 7 * DAY))
  end
end

-- Run a command over ARGV[first] .. ARGV[last] in pieces that fit on the Lua stack.
local function each_chunk(first, last, call)
  for from = first, last, CHUNK do
    call(unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
  end
end

-- Make messages of a loose thread findable by their ids, which are ARGV[first] .. ARGV[last].
local function find(first, last)
  if last < first or get("loose") ~= "1" then
    return
  end
  for place = first, last do
    redis.call("HSET", FOUND, ARGV[place], THREAD)
  end
  each_chunk(first, last, function(...) redis.call("SADD", REFS, ...) end)
end

-- Note that an entry holds its messages.
local function index(seq, entry)
  for _, id in ipairs(cjson.decode(entry).messages or {}) do
    redis.call("HSET", META, "entry:" .. id, seq)
  end
end

-- The reverse; false stands for an entry that is not there.
local function unindex(entry)
  for _, id in ipairs(entry and cjson.decode(entry).messages or {}) do
    redis.call("HDEL", META, "entry:" .. id)
  end
end

-- Drop the summary, with what was proposed to be remembered of the same entries: they are read
-- themselves until there is a new one.
local function unsummarise()
  redis.call("HDEL", META, "summary", "proposed")
  redis.call("ZREM", PROPOSED, THREAD)
  redis.call("HSET", META, "upto", 0)
end

-- A number that rises with every change of the log, and with every one in the channel that everybody
-- reads. It is the time where it can be, so that it does not begin anew when all of the channel was
-- deleted meanwhile.
local function next_stamp()
  local last = math.max(tonumber(redis.call("ZSCORE", SAID, "") or "0"), number("said"))
  return whole(math.max(server_ms(), last + 1))
end

-- Note that the log is another one, for those who search it: SAID lists the threads that everybody
-- in the channel reads by the stamp of their last change, and the last stamp of all under "".
local function note_said(reworked)
  local stamp = next_stamp()
  redis.call("HSET", META, "said", stamp)
  if reworked then
    redis.call("HSET", META, "reworked", stamp)
  end
  if get("confined") == "0" then
    redis.call("ZADD", SAID, stamp, "", stamp, THREAD)
    redis.call("ZREMRANGEBYRANK", SAID, 0, -2 - SAID_MOST)
    redis.call("EXPIRE", SAID, whole(RETENTION + 7 * DAY))
  elseif redis.call("ZREM", SAID, THREAD) == 1 then
    redis.call("ZADD", SAID, stamp, "")
  end
end

-- Remove the thread and its traces in the indexes; only counters that guard against late writers
-- stay, for a day (see forget.lua for when it was asked for).
local function wipe()
  local fence, version, epoch = number("fence"), number("version"), number("epoch")
  local existed = redis.call("EXISTS", META) == 1
  local refs = redis.call("SMEMBERS", REFS)
  for from = 1, #refs, CHUNK do
    redis.call("HDEL", FOUND, unpack(refs, from, math.min(from + CHUNK - 1, #refs)))
  end
  redis.call("UNLINK", META, LOG, QUEUE, MAIL, NAMES, AUTHORS, REFS, VECTORS)
  for _, index in ipairs({ LEASES, THREADS, CHANNEL, PROPOSED }) do
    redis.call("ZREM", index, THREAD)
  end
  if redis.call("ZREM", SAID, THREAD) == 1 then
    redis.call("ZADD", SAID, next_stamp(), "")
  end
  if existed then
    redis.call("HSET", META, "fence", whole(fence + 1), "version", whole(version + 1),
      "epoch", whole(epoch + 1))
    redis.call("EXPIRE", META, DAY)
  end
end

-- The log from entry `first` on, in order; false stands for one that is missing.
local function window(first, last)
  local entries = {}
  for from = first, last, CHUNK do
    local fields = {}
    for seq = from, math.min(from + CHUNK - 1, last) do
      fields[#fields + 1] = whole(seq)
    end
    for _, entry in ipairs(redis.call("HMGET", LOG, unpack(fields))) do
      entries[#entries + 1] = entry
    end
  end
  return entries
end

-- Add a tally, ARGV[first] and those after it, to the thread's figures and to those that the day in
-- `use` has for everybody in `whom` ("" for nobody).
local function count(first, use, whom)
  for figure = 1, FIGURES do
    local amount = ARGV[first + figure - 1]
    if amount ~= "0" then
      redis.call("HINCRBY", META, "tally:" .. figure, amount)
      for _, name in ipairs(whom) do
        if name ~= "" then
          redis.call("HINCRBY", use, name .. "|" .. figure, amount)
        end
      end
    end
  end
  redis.call("EXPIRE", use, USE_SECONDS)
end

-- What a reader or the holder of the lease needs, in one reply (see decode in reading.py).
local function state(tag)
  local newest, upto, redo = number("seq"), number("upto"), get("redo")
  local seq = redo and tonumber(redo) - 1 or newest
  local first = math.max(upto + 1, seq - WINDOW_MOST + 1)
  local tally = {}
  for figure = 1, FIGURES do
    tally[figure] = get("tally:" .. figure) or "0"
  end
  return {
    tag, get("fence"), get("turn"), get("attempt"), get("draft"), get("summary"),
    whole(upto), whole(number("version")), whole(first), newest > 0 and 1 or 0,
    tally, redis.call("LRANGE", MAIL, 0, -1), window(first, seq),
    redis.call("HGETALL", NAMES), redis.call("LLEN", QUEUE),
    get("forgotten"), get("losses"), get("quick"), get("revised"),
    redis.call("HGET", RULES, "persona"),
    whole(number("epoch")), redo or whole(newest), get("failed"), get("how"), get("pressed"),
    get("askers"), redo and redis.call("HGET", LOG, redo),
    redis.call("HGET", RULES, "memory"), get("proposed"),
  }
end

-- End the running turn: the next one when mail waits, else give the lease back.
local function finish(answer, next_turn, worker)
  redis.call("SET", answer, "1", "EX", ANSWER_SECONDS)
  release()
  local more = start(next_turn, worker)
  touch()
  if more then
    return state("run")
  end
  return { "idle" }
end

-- The answer to a commit or rollback that was carried out before and is now asked again.
local function finished(answer)
  if redis.call("EXISTS", answer) == 0 then
    return false
  end
  if get("grant") == NONCE then
    hold()
    return state("run")
  end
  return { "idle" }
end

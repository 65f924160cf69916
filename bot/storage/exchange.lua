--[[
What the processes that ask one model tell each other, and who of them may start a request.

KEYS  1 state
ARGV  1 nonce, 2 worker, 3 its requests under way, 4 its requests that were taken since it last
      said so: ms since each began, with commas; 5 how long what is said about a worker holds (ms), 6 what it wants:
        hear   nothing more
        start  to start a request; 7 so many may be under way without any spacing, 8 ms between
               the starts beyond that
        cool   to tell of a push-back; 7 nobody starts for so long (ms), 8 the account is out of
               credit, taken to last so long (ms)
        push   to tell what it made of a push-back; 7 the refused request began so long ago (ms),
               8 ms between starts from now on (0 if that is not known), 9 learned from so many
Returns  ms until a request may start (0: it has started), cooldown left (ms), ms for which the
         account is taken to be out of credit; requests taken so far, those of them that had begun
         before the last push-back then, the same two of this call; push-backs so far, ms since
         the last of them (-1: none), ms between starts that is made of it, from so many requests

state   cooldown, exhausted, next       nobody starts before
        taken, late                     requests so far
        pushes, pushed                  push-backs so far, when the last one was
        span, known                     in this time so many requests had been let in before it
        w:<worker>                      <under way>|<until>|<nonce of its last call>|<that started>
--]]
local STAYS = 600000
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local state, nonce, worker, want = KEYS[1], ARGV[1], ARGV[2], ARGV[6]

local function number(value)
  return string.format("%.3f", value)
end

local function get(field)
  return tonumber(redis.call("HGET", state, field) or "0")
end

local function later(field, ms)
  if ms > 0 then
    redis.call("HSET", state, field, number(math.max(get(field), now + ms)))
  end
end

local function under_way()
  local others = 0
  local fields = redis.call("HGETALL", state)
  for at = 1, #fields, 2 do
    if string.sub(fields[at], 1, 2) == "w:" then
      local count, till = string.match(fields[at + 1], "^(%d+)|([%d.]+)|")
      if tonumber(till) <= now then
        redis.call("HDEL", state, fields[at])
      elseif string.sub(fields[at], 3) ~= worker then
        others = others + tonumber(count)
      end
    end
  end
  return others
end

local last = redis.call("HGET", state, "w:" .. worker) or "0|0|?|0"
local said, started = string.match(last, "^%d+|[%d.]+|([^|]*)|(%d)$")
local again = said == nonce
local taken, late = 0, 0
for ago in string.gmatch(ARGV[4], "[^,]+") do
  if now - tonumber(ago) <= get("pushed") then
    late = late + 1
  else
    taken = taken + 1
  end
end
if not again then
  redis.call("HINCRBY", state, "taken", taken)
  redis.call("HINCRBY", state, "late", late)
  redis.call("HINCRBY", state, "known", late)
end

local wait, starts = 0, "0"
if want == "start" and again and started == "1" then
  starts = "1"
elseif want == "start" then
  local till = math.max(get("cooldown"), get("exhausted"))
  local spacing = tonumber(ARGV[8])
  local spaced = spacing > 0 and under_way() + tonumber(ARGV[3]) > tonumber(ARGV[7])
  if spaced then
    till = math.max(till, get("next"))
  end
  wait = math.max(0, till - now)
  if wait == 0 then
    starts = "1"
    if spaced then
      redis.call("HSET", state, "next", number(now + spacing))
    end
  end
elseif want == "cool" then
  later("cooldown", tonumber(ARGV[7]))
  later("exhausted", tonumber(ARGV[8]))
elseif want == "push" and now - tonumber(ARGV[7]) > get("pushed") then
  redis.call("HINCRBY", state, "pushes", 1)
  local known = tonumber(ARGV[9])
  local span = tonumber(ARGV[8]) * math.max(known, 1)
  redis.call("HSET", state, "pushed", number(now), "span", number(span), "known", known)
end

local said_now = { ARGV[3], number(now + tonumber(ARGV[5])), nonce, starts }
redis.call("HSET", state, "w:" .. worker, table.concat(said_now, "|"))
redis.call("PEXPIRE", state, STAYS)
local pushed = get("pushed")
return {
  number(wait),
  number(math.max(0, get("cooldown") - now)),
  number(math.max(0, get("exhausted") - now)),
  get("taken"),
  get("late"),
  taken,
  late,
  get("pushes"),
  number(pushed > 0 and now - pushed or -1),
  number(get("span") / math.max(get("known"), 1)),
  get("known"),
}

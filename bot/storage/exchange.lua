--[[
What the processes that ask one model tell each other, and who of them may start a request.

KEYS  1 state
ARGV  1 worker, 2 its requests under way, 3 how long what is said about it holds (ms), 4 how many
      of its requests it has reported as taken before, 5 those to report now: ms since each began,
      with commas; 6 what it wants:
        hear   nothing more
        start  to start a request; 7 so many may be under way without any spacing, 8 ms between
               the starts beyond that
        cool   to tell of a push-back; 7 nobody starts for so long (ms), 8 the account is out of
               credit, taken to last so long (ms)
        push   to tell what it made of a push-back; 7 the refused request began so long ago (ms),
               8 ms between starts from now on (0 if that is not known), 9 learned from so many
Returns  ms until a request may start (0: it has started), cooldown left (ms), ms for which the
         account is taken to be out of credit; requests of other workers taken so far, and more of
         them that had begun before the last push-back then; when that was (0: never), ms since,
         ms between starts that is made of it, from so many requests

A call that is sent again reports nothing twice; a start that is asked for twice may have to wait.

state   cooldown, exhausted, next       nobody starts before
        taken, late                     requests so far
        pushed                          when the last push-back was
        span, known                     in this time so many requests had been let in before it
        w:<worker>                      <under way>|<until>|<reported>|<taken>|<late>
--]]
local STAYS = 600000
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local state, worker, want = KEYS[1], ARGV[1], ARGV[6]

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

local last = redis.call("HGET", state, "w:" .. worker) or "0|0|0|0|0"
local reported, taken, late = string.match(last, "^%d+|[%d.]+|(%d+)|(%d+)|(%d+)$")
reported, taken, late = tonumber(reported), tonumber(taken), tonumber(late)
local number_of = tonumber(ARGV[4])
for ago in string.gmatch(ARGV[5], "[^,]+") do
  number_of = number_of + 1
  if number_of > reported then
    reported = number_of
    if now - tonumber(ago) <= get("pushed") then
      late = late + 1
      redis.call("HINCRBY", state, "late", 1)
      redis.call("HINCRBY", state, "known", 1)
    else
      taken = taken + 1
      redis.call("HINCRBY", state, "taken", 1)
    end
  end
end

local wait = 0
if want == "start" then
  local till = math.max(get("cooldown"), get("exhausted"))
  local spacing = tonumber(ARGV[8])
  local spaced = spacing > 0 and under_way() + tonumber(ARGV[2]) > tonumber(ARGV[7])
  if spaced then
    till = math.max(till, get("next"))
  end
  wait = math.max(0, till - now)
  if wait == 0 and spaced then
    redis.call("HSET", state, "next", number(now + spacing))
  end
elseif want == "cool" then
  later("cooldown", tonumber(ARGV[7]))
  later("exhausted", tonumber(ARGV[8]))
elseif want == "push" and now - tonumber(ARGV[7]) > get("pushed") then
  local known = tonumber(ARGV[9])
  local span = tonumber(ARGV[8]) * math.max(known, 1)
  redis.call("HSET", state, "pushed", number(now), "span", number(span), "known", known)
end

local about = { ARGV[2], number(now + tonumber(ARGV[3])), reported, taken, late }
redis.call("HSET", state, "w:" .. worker, table.concat(about, "|"))
redis.call("PEXPIRE", state, STAYS)
local pushed = get("pushed")
return {
  number(wait),
  number(math.max(0, get("cooldown") - now)),
  number(math.max(0, get("exhausted") - now)),
  get("taken") - taken,
  get("late") - late,
  number(pushed),
  number(now - pushed),
  number(get("span") / math.max(get("known"), 1)),
  get("known"),
}

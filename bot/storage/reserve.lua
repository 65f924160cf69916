--[[
Take a slot in each of some counts of calls, or in none of them. A slot is taken from the call
until one period after it has reached the platform, which the caller says later (the settlements
below); until then it counts as one that takes as long as a call ever does.

KEYS  two for each scope: slots, state
ARGV  1 nonce, 2 worker, 3 urgency (0 is the most urgent), 4 longest call (ms), 5 how long what is
      said about a worker holds (ms), 6 number of scopes; then for each scope: slots that this call
      may have (0: not counted), period (ms), spread (ms, 0 for none), replies being written there
      by the worker; then settlements, three each: scope (from 1), nonce, when that slot is free
Returns  now (ms); then for each scope: ms until there may be a slot (0: there is one), replies
         being written there by other workers; a slot was taken if all of them are 0

state   paused       no calls before
        spread       when the last call with a spread was made
        wanted       <urgency>|<until>|<worker>: the most urgent call that was refused; the next slot
                     is kept for it until then
        w:<worker>   <replies>|<until>
--]]
local GRACE = 250
local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local nonce, worker, urgency = ARGV[1], ARGV[2], tonumber(ARGV[3])
local longest, holds, scopes = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local function number(value)
  return string.format("%.0f", value)
end

for at = 7 + 4 * scopes, #ARGV, 3 do
  redis.call("ZADD", KEYS[2 * tonumber(ARGV[at]) - 1], "XX", ARGV[at + 2], ARGV[at + 1])
end

-- What other workers are writing, and whether one of them waits for something more urgent.
local function others(state)
  local replies, wanted = 0, nil
  local fields = redis.call("HGETALL", state)
  for at = 1, #fields, 2 do
    local name, value = fields[at], fields[at + 1]
    if string.sub(name, 1, 2) == "w:" then
      local count, till = string.match(value, "^(%d+)|(%d+)$")
      if tonumber(till) <= now then
        redis.call("HDEL", state, name)
      elseif string.sub(name, 3) ~= worker then
        replies = replies + tonumber(count)
      end
    elseif name == "wanted" then
      local rank, till, who = string.match(value, "^(%d+)|(%d+)|(.*)$")
      if tonumber(till) > now then
        wanted = { urgency = tonumber(rank), till = tonumber(till), worker = who }
      end
    end
  end
  return replies, wanted
end

local function wait_for(slots, state, share, spread, wanted)
  local till = tonumber(redis.call("HGET", state, "paused") or "0")
  if spread > 0 then
    till = math.max(till, tonumber(redis.call("HGET", state, "spread") or "0") + spread)
  end
  if share > 0 then
    redis.call("ZREMRANGEBYSCORE", slots, "-inf", now)
    local kept = 0
    if wanted and wanted.worker ~= worker and wanted.urgency < urgency then
      kept = 1
    end
    local over = redis.call("ZCARD", slots) - share + kept
    if over >= 0 then
      local free = redis.call("ZRANGE", slots, over, over, "WITHSCORES")
      till = math.max(till, tonumber(free[2]) or wanted.till)
    end
  end
  return math.max(0, till - now)
end

local answer, waits, longest_wait = { number(now) }, {}, 0
local wanted_at = {}
local known = redis.call("ZSCORE", KEYS[1], nonce)
for scope = 1, scopes do
  local slots, state = KEYS[2 * scope - 1], KEYS[2 * scope]
  local at = 3 + 4 * scope
  local share, spread = tonumber(ARGV[at]), tonumber(ARGV[at + 2])
  local replies, wanted = others(state)
  wanted_at[scope] = wanted
  waits[scope] = known and 0 or wait_for(slots, state, share, spread, wanted)
  longest_wait = math.max(longest_wait, waits[scope])
  answer[2 * scope] = number(waits[scope])
  answer[2 * scope + 1] = number(replies)
end

for scope = 1, scopes do
  local slots, state = KEYS[2 * scope - 1], KEYS[2 * scope]
  local at = 3 + 4 * scope
  local share, period, spread = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local running, wanted = tonumber(ARGV[at + 3]), wanted_at[scope]
  local stays = math.max(period + longest, holds)
  if running > 0 then
    redis.call("HSET", state, "w:" .. worker, number(running) .. "|" .. number(now + holds))
  else
    redis.call("HDEL", state, "w:" .. worker)
  end
  if longest_wait > 0 then
    local own = wanted and wanted.worker == worker and wanted.urgency == urgency
    local first = not wanted or own or wanted.urgency > urgency
    if waits[scope] > 0 and share > 0 and first then
      local till = now + waits[scope] + GRACE
      redis.call("HSET", state, "wanted", urgency .. "|" .. number(till) .. "|" .. worker)
      stays = math.max(stays, till - now)
    end
  elseif not known then
    if share > 0 then
      redis.call("ZADD", slots, number(now + period + longest), nonce)
      redis.call("PEXPIRE", slots, number(period + longest + 1000))
    end
    if spread > 0 then
      redis.call("HSET", state, "spread", number(now))
    end
    if wanted and wanted.worker == worker then
      redis.call("HDEL", state, "wanted")
    end
  end
  local paused = tonumber(redis.call("HGET", state, "paused") or "0")
  redis.call("PEXPIRE", state, number(math.max(stays, paused - now) + 1000))
end
return answer

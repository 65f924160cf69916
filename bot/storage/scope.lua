--[[
Put in front of every script about a scope of long-term memory.

KEYS  1-13, in the order below; from 14 on each script's own.
ARGV  1 scope, 2 caller's clock (ms); from 3 on each script's own.

Fields of META
  version   rises with every write. It is never below the server's clock, so that a scope which was
            erased and begins anew, or has lost its last writes with a primary, has no version twice
  floor     what was removed up to this version is not in GONE any more
  corrected how many of the memories are superseded, as far as every process counts them
  counted   when these were last looked at one by one, caller's ms

A memory is kept as "<version> <digest of its content> <JSON>"; scripts read no further than that.
--]]
local META, MEMORIES, ORDER, CHANGES = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local GONE, HASHES, USED, MODELS = KEYS[5], KEYS[6], KEYS[7], KEYS[8]
local VECTORS, TRAIL, AUDIT = KEYS[9], KEYS[10], KEYS[11]
local SCOPES, EXPIRES = KEYS[12], KEYS[13]
local SCOPE, NOW = ARGV[1], tonumber(ARGV[2])

local CHUNK = 500
local GONE_MOST = 1000
local COUNTED = 3600 * 1000

-- As memories_codec.py writes it; within a text the quotation marks would have a backslash in front.
local CORRECTED = '"status":"superseded"'

local function whole(number)
  return string.format("%.0f", number)
end

local function rise()
  local time = redis.call("TIME")
  local clock = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local version = tonumber(redis.call("HGET", META, "version") or "0") + 1
  local risen = whole(math.max(version, clock))
  redis.call("HSET", META, "version", risen)
  return risen
end

local function expired(id)
  local at = redis.call("ZSCORE", EXPIRES, SCOPE .. "/" .. id)
  return at and tonumber(at) <= NOW
end

-- The version of what is there, whether it has expired or not; nil for nothing.
local function version_of(id)
  local kept = redis.call("HGET", MEMORIES, id)
  return kept and string.match(kept, "^(%d+) ") or nil
end

-- Note that a memory comes (1) or goes (-1), as it is kept; nil or false for none.
local function count_corrected(kept, by)
  if kept and string.find(kept, CORRECTED, 1, true) then
    redis.call("HINCRBY", META, "corrected", by)
  end
end

-- Count them anew: processes of an earlier version leave the number as it was. That looks at all, so it
-- is done once within an hour.
local function recount_corrected()
  if NOW < tonumber(redis.call("HGET", META, "counted") or "0") + COUNTED then
    return
  end
  local number = 0
  for from = 0, redis.call("ZCARD", ORDER) - 1, CHUNK do
    local ids = redis.call("ZRANGE", ORDER, from, from + CHUNK - 1)
    for _, kept in ipairs(redis.call("HMGET", MEMORIES, unpack(ids))) do
      if kept and string.find(kept, CORRECTED, 1, true) then
        number = number + 1
      end
    end
  end
  redis.call("HSET", META, "corrected", number, "counted", whole(NOW))
end

local function let_go(hash, id)
  if redis.call("HGET", HASHES, hash) == id then
    redis.call("HDEL", HASHES, hash)
  end
end

local function remove(id)
  local kept = redis.call("HGET", MEMORIES, id)
  if not kept then
    return
  end
  redis.call("ZADD", GONE, rise(), id)
  let_go(string.match(kept, "^%d+ (%S+) "), id)
  count_corrected(kept, -1)
  redis.call("HDEL", MEMORIES, id)
  redis.call("HDEL", USED, id)
  redis.call("ZREM", ORDER, id)
  redis.call("ZREM", CHANGES, id)
  redis.call("ZREM", EXPIRES, SCOPE .. "/" .. id)
  for _, model in ipairs(redis.call("SMEMBERS", MODELS)) do
    redis.call("HDEL", VECTORS, model .. "|" .. id)
  end
  local over = redis.call("ZCARD", GONE) - GONE_MOST
  if over > 0 then
    local last = redis.call("ZRANGE", GONE, over - 1, over - 1, "WITHSCORES")
    redis.call("HSET", META, "floor", whole(tonumber(last[2])))
    redis.call("ZREMRANGEBYRANK", GONE, 0, over - 1)
  end
end

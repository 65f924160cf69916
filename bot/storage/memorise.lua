--[[
Add, change and remove memories of a scope, each by itself or all of them or none.

KEYS  14 M:done:<digest of the nonce>
ARGV  3 how long the answer is kept (s), 4 "all" for all or none, 5 most memories that hold, and most
      that were corrected (0: any number), 6 who, 7 via, 8 most lines of the audit; then for each
      step, eight each:
      1 what to do, 2 id, 3 version, 4 digest of the content, 5 when it expires (ms, 0: never),
      6 word for the audit, 7 the memory as it is kept, 8 of what is added: its use so far, or ""
  add      version is the id of a memory whose content it may repeat, or ""
  set      version is the one that it must have, or ""; digest is "" when the content is given up to
           others
  remove   version as for set
Returns  for each step "<answer>:<id>", with commas between them
  done     it was carried out
  same     not added: this one has the same content
  there    not added: there is one with this id
  full     not added: the scope holds as many as it may
  missing, old   there is none with this id; it has another version
  kept     it could have been done, but another one could not
--]]
local DONE = KEYS[14]
local STAYS, TOGETHER, MOST = ARGV[3], ARGV[4] == "all", tonumber(ARGV[5])
local WHO, VIA, AUDIT_MOST = ARGV[6], ARGV[7], ARGV[8]
local FIRST, FIELDS = 9, 8

local told = redis.call("GET", DONE)
if told then
  return told
end

local steps, leaving = {}, {}
for at = FIRST, #ARGV, FIELDS do
  steps[#steps + 1] = at
  leaving[ARGV[at + 1]] = ARGV[at] == "remove" or nil
end

-- Whether one more has room; one that corrects another takes that one's place among those that hold.
local function has_room(corrects)
  local corrected = tonumber(redis.call("HGET", META, "corrected") or "0")
  return (corrects and corrected or redis.call("ZCARD", ORDER) - corrected) < MOST
end

local function make_room()
  for _, name in ipairs(redis.call("ZRANGEBYSCORE", EXPIRES, "-inf", NOW, "LIMIT", 0, CHUNK)) do
    local scope, id = string.match(name, "^(.*)/(.-)$")
    if scope == SCOPE then
      remove(id)
    end
  end
  recount_corrected()
end

-- Why a step can't be done and which memory is in the way, or nil.
local function obstacle(what, id, version, hash)
  local now = version_of(id)
  if now and what ~= "remove" and expired(id) then
    now = nil
  end
  if what ~= "add" then
    if not now then
      return "missing", id
    end
    if version ~= "" and version ~= now then
      return "old", id
    end
    return nil
  end
  if now then
    return "there", id
  end
  local same = redis.call("HGET", HASHES, hash)
  if same and same ~= version and not expired(same) then
    return "same", same
  end
  local corrects = version ~= "" or hash == ""
  if MOST > 0 and not has_room(corrects) then
    make_room()
    if not has_room(corrects) then
      return "full", id
    end
  end
  return nil
end

local function carry_out(what, id, hash, expires, word, kept, used)
  if what == "remove" then
    remove(id)
  else
    local version = rise()
    if what == "add" then
      remove(id)
      redis.call("ZREM", GONE, id)
      redis.call("ZADD", ORDER, 0, id)
      if used ~= "" then
        redis.call("HSET", USED, id, used)
      end
    end
    local own = string.match(kept, "^%d+ (%S+) ")
    local holder = redis.call("HGET", HASHES, own)
    if hash == "" then
      let_go(own, id)
    elseif not holder or expired(holder) or leaving[holder] or what == "add" then
      redis.call("HSET", HASHES, hash, id)
    end
    count_corrected(redis.call("HGET", MEMORIES, id), -1)
    count_corrected(kept, 1)
    redis.call("HSET", MEMORIES, id, kept)
    redis.call("ZADD", CHANGES, version, id)
    if expires == "0" then
      redis.call("ZREM", EXPIRES, SCOPE .. "/" .. id)
    else
      redis.call("ZADD", EXPIRES, expires, SCOPE .. "/" .. id)
    end
  end
  redis.call("XADD", AUDIT, "MAXLEN", "~", AUDIT_MOST, "*", "who", WHO, "what", word, "id", id,
    "via", VIA)
end


local answers, failed, changed, full = {}, false, false, false
if TOGETHER then
  for number, at in ipairs(steps) do
    local why, which = obstacle(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    failed = failed or why ~= nil
    answers[number] = (why or "kept") .. ":" .. (which or ARGV[at + 1])
  end
end
if not failed then
  for number, at in ipairs(steps) do
    local why, which
    if not TOGETHER then
      why, which = obstacle(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3])
    end
    if not why then
      carry_out(ARGV[at], ARGV[at + 1], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6],
        ARGV[at + 7])
      changed = true
    end
    full = full or why == "full"
    answers[number] = (why or "done") .. ":" .. (which or ARGV[at + 1])
  end
end
local answer = table.concat(answers, ",")
if changed then
  redis.call("ZADD", SCOPES, NOW, SCOPE)
end
-- What was full is told again, though there may be room by now; what has failed in another way is tried
-- again under the same key.
if changed or full then
  redis.call("SET", DONE, answer, "EX", STAYS)
end
return answer

--[[
Link the account that redeems a code with the one that made it, and with all linked to either.

KEYS  1 L:code:<digest>, 2 L:groups, 3 L:codes, 4 L:done:<who redeems>, 5 L:tries:<digest of that>,
      6 L:news
ARGV  1 who redeems, 2 most accounts in a group, 3 how long the answer is kept (s), 4 nonce,
      5 codes that may be none, 6 how long these are counted (s)
Returns  {result, who made the code or ""}

L:groups holds for each account all that are linked, itself among them, with blanks between them;
L:codes holds for each account the digest of its code, L:news where this was used, until whoever made
it is told: a platform, a blank and the nonce of the use, and no more, since it outlives the link. An
account is "<platform>:<space>:<user>", of which the first two are its place.
--]]
local CODE, GROUPS, CODES, DONE, TRIES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local NEWS = KEYS[6]
local WHO, MOST, STAYS = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local NONCE, MOST_TRIES, COUNTED = ARGV[4], tonumber(ARGV[5]), ARGV[6]

local nonce, told, other = string.match(redis.call("GET", DONE) or "", "^(.-)|(.-)|(.*)$")
if nonce == NONCE then
  return { told, other }
end

local function group_of(who)
  return redis.call("HGET", GROUPS, who) or who
end

local function answer(result, maker)
  redis.call("SET", DONE, NONCE .. "|" .. result .. "|" .. maker, "EX", STAYS)
  redis.call("DEL", CODE)
  redis.call("HDEL", CODES, maker)
  return { result, maker }
end

if tonumber(redis.call("GET", TRIES) or "0") >= MOST_TRIES then
  return { "often", "" }
end
local maker = redis.call("GET", CODE)
if not maker then
  redis.call("SET", DONE, NONCE .. "|unknown|", "EX", STAYS)
  if redis.call("INCR", TRIES) == 1 then
    redis.call("EXPIRE", TRIES, COUNTED)
  end
  return { "unknown", "" }
end
if maker == WHO then
  return { "self", maker }
end
local mine, theirs = group_of(WHO), group_of(maker)
if mine == theirs then
  return answer("already", maker)
end
local places, count = {}, 0
local all = mine .. " " .. theirs
for name in string.gmatch(all, "%S+") do
  local place = string.match(name, "^([^:]*:[^:]*):")
  if places[place] then
    return answer("same place", maker)
  end
  places[place] = true
  count = count + 1
end
if count > MOST then
  return answer("full", maker)
end
for name in string.gmatch(all, "%S+") do
  redis.call("HSET", GROUPS, name, all)
end
redis.call("HSET", NEWS, maker, string.match(WHO, "^[^:]*") .. " " .. NONCE)
return answer("linked", maker)

--[[
Take over a turn whose lease has ended. Mail that came meanwhile waits for the next turn, so that
the question stays the same. After too many leases have run out the turn is given up.

ARGV  6 id of the next turn, 7 worker, 8 how many leases of one turn may run out
Returns  {messages given up, {"none"} | state("run")}
--]]
if not get("turn") then
  redis.call("ZREM", LEASES, THREAD)
  return { 0, { "none" } }
end
if get("grant") == NONCE then
  hold()
  return { 0, state("run") }
end
if number("until") > server_ms() then
  return { 0, { "none" } }
end

local parked = redis.call("HEXISTS", META, "parked") == 1
redis.call("HINCRBY", META, "losses", parked and 0 or 1)
if not parked then
  -- Its last sign of life was one lease before the end.
  local lived = number("until") - LEASE - number("since")
  redis.call("HSET", META, "lost", (get("lost") or ",") .. get("fence") .. ",",
    "quick", lived < LEASE and number("quick") + 1 or 0)
end
redis.call("HDEL", META, "parked")
if number("losses") < tonumber(ARGV[8]) then
  redis.call("HINCRBY", META, "attempt", 1)
  grant(ARGV[7])
  return { 0, state("run") }
end

local given_up = redis.call("LLEN", MAIL)
release()
if start(ARGV[6], ARGV[7]) then
  return { given_up, state("run") }
end
return { given_up, { "none" } }
